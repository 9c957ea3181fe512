import type { Audio, Video } from './api.ts';

/** Bits a second: `850 kb/s`, `4.63 Mb/s`, `12.4 Mb/s`. */
export function bitrate(bits: number | undefined): string {
  if (!bits || bits < 0) return '';
  if (bits < 999_500) return `${Math.round(bits / 1000)} kb/s`;
  const mega = bits / 1e6;
  return `${mega.toFixed(mega < 9.995 ? 2 : 1)} Mb/s`;
}

/** A span of time: `0:07`, `12:31`, `1:02:03`, `3 d 4:05:06`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (!days && !hours) return `${minutes}:${two(seconds % 60)}`;
  return `${days ? `${days} d ` : ''}${hours}:${two(minutes)}:${two(seconds % 60)}`;
}

/** A delay in ms as seconds, with a tenth while that says something: `4.8 s`, `31 s`. */
export function delay(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  return `${seconds < 20 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** `1920×1080 at 29.97 fps`, or as much of it as is known. */
export function picture(video: Video): string {
  const size = video.width && video.height ? `${video.width}×${video.height}` : '';
  const rate = video.frame_rate ? `${Number(video.frame_rate.toFixed(2))} fps` : '';
  const range = video.range && video.range !== 'SDR' ? `HDR (${video.range})` : '';
  return [[size, rate].filter(Boolean).join(' at '), range].filter(Boolean).join(', ');
}

/** `H.264 High 4.0`. */
export function videoCodec(video: Video): string {
  return [video.codec, video.profile, video.level].filter(Boolean).join(' ');
}

/** `48 kHz stereo`. */
export function sound(audio: Audio): string {
  const rate = audio.sample_rate ? `${Number((audio.sample_rate / 1000).toFixed(2))} kHz` : '';
  return [rate, audio.layout || channels(audio.channels)].filter(Boolean).join(' ');
}

function channels(count: number | undefined): string {
  switch (count) {
    case undefined:
    case 0:
      return '';
    case 1:
      return 'mono';
    case 2:
      return 'stereo';
    case 6:
      return '5.1';
    case 8:
      return '7.1';
    default:
      return `${count} channels`;
  }
}

const protocolNames: Record<string, string> = {
  rtmp: 'RTMP',
  'http-flv': 'HTTP-FLV',
  'ws-flv': 'WebSocket-FLV',
  hls: 'HLS',
};

/** A protocol's name as people write it. */
export function protocol(id: string): string {
  return protocolNames[id] ?? id.toUpperCase();
}

/** The protocols that have viewers, the busiest first. */
export function viewersByProtocol(viewers: Record<string, number> | undefined): [name: string, count: number][] {
  return Object.entries(viewers ?? {})
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([id, count]) => [protocol(id), count]);
}
