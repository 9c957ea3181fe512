/** What a playlist says of its stream. */
export type Liveness = 'live' | 'ended' | 'absent' | 'unreachable';

/**
 * Asks whether there is something to play. The playlists are the ones to ask, not the API: it may be served elsewhere,
 * and an ended broadcast's playlist stays for a while, which a player would show again from its start.
 */
export async function probe(url: string): Promise<Liveness> {
  try {
    const top = await text(url);
    if (top === undefined) return 'absent';
    const child = firstEntry(top, url);
    if (!child) return 'absent';
    const media = isMultivariant(top) ? await text(child) : top;
    if (media === undefined) return 'absent';
    return hasEnded(media) ? 'ended' : 'live';
  } catch {
    return 'unreachable';
  }
}

async function text(url: string): Promise<string | undefined> {
  const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(7000) });
  if (response.status === 404 || response.status === 410) return undefined;
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

/** RFC 8216 §4.3.4.2: only a multivariant playlist has variant streams. */
export function isMultivariant(playlist: string): boolean {
  return playlist.includes('#EXT-X-STREAM-INF:');
}

/** RFC 8216 §4.3.3.4: no more segments will come. */
export function hasEnded(playlist: string): boolean {
  return /^#EXT-X-ENDLIST\s*$/m.test(playlist);
}

/** The first address that a playlist lists, made absolute. */
export function firstEntry(playlist: string, base: string): string | undefined {
  const line = playlist
    .split('\n')
    .map((l) => l.trim())
    .find((l) => l !== '' && !l.startsWith('#'));
  return line && new URL(line, base).href;
}
