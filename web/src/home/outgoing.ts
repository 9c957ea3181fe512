/** What had been sent of each stream at a time (ms), in bytes since the broadcast began. */
export interface Reading {
  at: number;
  sent: readonly (readonly [stream: string, bytes: number])[];
}

/** The rate at which the server sent between two readings, in bit/s. A counter that went back has begun anew. */
export function outgoing(before: Reading, after: Reading): number {
  const seconds = (after.at - before.at) / 1000;
  if (!(seconds > 0)) return 0;
  const earlier = new Map(before.sent);
  let bytes = 0;
  for (const [stream, sent] of after.sent) {
    bytes += Math.max(0, sent - (earlier.get(stream) ?? sent));
  }
  return (bytes * 8) / seconds;
}
