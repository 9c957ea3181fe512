/**
 * How long to wait before the next try, in ms: from half a second, growing, at most 5 s. The random fifth keeps all
 * viewers of a server that restarted from coming back in one instant.
 */
export function backoff(tries: number, random: () => number = Math.random): number {
  return Math.min(5000, 500 * 1.6 ** tries) * (0.8 + 0.4 * random());
}
