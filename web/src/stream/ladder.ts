/** The machines that people have, as OBS describes them: by the vendor of the graphics adapter. */
export const machines = [
  { name: 'x264 (processor)', vendor: 0, model: '', system: '' },
  { name: 'NVIDIA', vendor: 0x10de, model: '', system: 'Windows' },
  { name: 'NVIDIA RTX 40 and later', vendor: 0x10de, model: 'RTX 40', system: 'Windows' },
  { name: 'Intel', vendor: 0x8086, model: '', system: 'Windows' },
  { name: 'AMD (Windows)', vendor: 0x1002, model: '', system: 'Windows' },
  { name: 'AMD (Linux)', vendor: 0x1002, model: '', system: 'Linux' },
  { name: 'Apple', vendor: 0x106b, model: '', system: 'macOS' },
];

export const canvases = ['1920x1080', '2560x1440', '1280x720', '1080x1920', '720x1280'];

export const rates = ['60', '50', '30', '25'];

export interface Wish {
  key: string;
  machine: number;
  canvas: string;
  rate: string;
}

/** Where OBS asks for the ladder of a stream's app. */
export function ladderPath(name: string): string {
  return `/.well-known/obs-multitrack/${encodeURIComponent(name.split('/')[0]!)}`;
}

/** The question that OBS itself would ask. Without a key the name does, on servers where anyone may publish. */
export function question(name: string, { key, machine, canvas, rate }: Wish): object {
  const [width, height] = canvas.split('x').map(Number);
  const { vendor, model, system } = machines[machine]!;
  return {
    schema_version: '2025-01-25',
    authentication: key.trim() || name.slice(name.indexOf('/') + 1),
    client: { name: 'page', version: '32', supported_codecs: ['h264', 'h265', 'av1'] },
    capabilities: { system: { name: system }, gpu: vendor ? [{ model, vendor_id: vendor }] : null },
    preferences: { canvases: [{ width, height, framerate: { numerator: Number(rate), denominator: 1 } }] },
  };
}

export interface Answer {
  status?: { result?: string; html_en_us?: string | null };
  ingest_endpoints?: unknown;
}

/** What to paste: the answer without addresses, since OBS takes its own; or the sentence that refuses. */
export function outcome(answer: Answer): { text?: string; refusal?: string } {
  if (answer.status?.result === 'error') return { refusal: plainText(answer.status.html_en_us ?? 'The server refused.') };
  const { ingest_endpoints: _, ...rest } = answer;
  return { text: JSON.stringify(rest) };
}

/** The server's sentences have no markup, only characters that are written for it. */
function plainText(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
