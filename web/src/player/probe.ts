/** What a playlist says of its stream. */
export type Liveness = 'live' | 'ended' | 'absent' | 'refused' | 'unreachable';

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
  } catch (error) {
    return error instanceof RefusedError ? 'refused' : 'unreachable';
  }
}

/** The stream is for others. */
class RefusedError extends Error {}

/** Without an answer for so many ms a request may be on a connection that leads nowhere any more. */
const doubtful = 2000;

/** How long to wait for any of them, in ms: the server holds a playlist that is about to begin. */
const patience = 11_000;

/** So many requests are under way at most. */
const most = 3;

/**
 * Gets a text. When the network under the browser changed and nobody told it, it goes on using the connections that it
 * had, one after another: asking again while the first request waits finds a good one in seconds, and closes the others.
 */
async function text(url: string): Promise<string | undefined> {
  const rest = new AbortController();
  const { signal } = rest;
  const limit = setTimeout(() => rest.abort(), patience);
  const tries = Array.from({ length: most }, async (_, i) => {
    await pause(i * doubtful, signal);
    return textOnce(url, signal);
  });
  try {
    // A fault is an answer as well: only silence is worth waiting for another.
    return await Promise.race(tries);
  } finally {
    clearTimeout(limit);
    rest.abort();
    for (const one of tries) one.catch(() => {});
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      fail(signal.reason);
    });
  });
}

async function textOnce(url: string, signal: AbortSignal): Promise<string | undefined> {
  const response = await fetch(url, { cache: 'no-store', signal });
  if (response.status === 404 || response.status === 410) return undefined;
  if (response.status === 401 || response.status === 403) throw new RefusedError();
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
