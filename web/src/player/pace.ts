/** What a player of one endless connection does to be as near to live as its buffer bears. */
export type Pace = { jumpTo: number } | { rate: number };

/** More than this many seconds behind the target is not worth catching up. */
const tooFar = 2.5;

/** Not heard on speech, and noticed by few on music. */
const faster = 1.1;

/** Near enough to the target, in seconds: media comes in lumps. */
const slack = 0.15;

/**
 * Looks at where playback is in what has been loaded, and says how to go on: by a jump, or at a rate. Times are in
 * seconds; `target` is how much is to be kept in store.
 */
export function pace(buffered: [start: number, end: number][], position: number, target: number, rate: number): Pace {
  const last = buffered.at(-1);
  if (!last) return { rate: 1 };
  const [start, end] = last;
  const jumpTo = Math.max(start, end - target);
  const lag = end - position;
  if (lag > target + tooFar) return { jumpTo };
  // A gap: nothing will come that fills it.
  const within = buffered.find(([from, to]) => position >= from && position < to - 0.1);
  if (!within && position < start) return { jumpTo };
  // Once it plays faster it does so until the target is reached, rather than change from one to the other all the time.
  return { rate: lag > target + (rate > 1 ? 0.05 : slack) ? faster : 1 };
}

export function rangesOf(ranges: TimeRanges): [start: number, end: number][] {
  return Array.from({ length: ranges.length }, (_, i) => [ranges.start(i), ranges.end(i)]);
}
