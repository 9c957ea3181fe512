/** What can be gone back to, in ms of the server's clock: media is named by when it arrived. */
export interface Shift {
  from: number;
  /** Live. */
  to: number;
  /** On show. */
  at: number;
}

/** A stretch of media: where it is in the player, in s, and when it arrived, in ms. */
export interface Stretch {
  start: number;
  arrived: number;
}

/** When what is at a position arrived; undefined while nothing is known. Stretches are in their order. */
export function dateAt(stretches: Stretch[], position: number): number | undefined {
  const here = stretches[Math.max(0, stretches.filter(({ start }) => start <= position).length - 1)];
  return here && here.arrived + (position - here.start) * 1000;
}

/** Where the media is that arrived then: what came first thereafter, if none did. */
export function positionAt(stretches: Stretch[], date: number): number | undefined {
  const at = stretches.filter(({ arrived }) => arrived <= date).length - 1;
  const here = stretches[at];
  if (!here) return stretches[0]?.start;
  const position = here.start + (date - here.arrived) / 1000;
  return Math.min(position, stretches[at + 1]?.start ?? position);
}

/** So much, in ms, is listed without time shift as well, and is soon gone. */
const ordinary = 60_000;

/** Less, in ms, is not worth a bar. */
const least = 10_000;

/** Whether there is anything to go back to. The server may not tell this page that there is time shift: then the length does. */
export function worthwhile(shift: Shift | undefined, promised: boolean): shift is Shift {
  return !!shift && shift.to - shift.from >= (promised ? least : ordinary);
}

/**
 * The moment that `?start=` of an address names, in ms: a time as RFC 3339, Unix seconds, or seconds before now as a
 * negative number. Undefined for what is none, or has not come yet.
 */
export function startOf(query: string, now: number): number | undefined {
  const text = new URLSearchParams(query).get('start')?.trim();
  if (!text) return undefined;
  const number = Number(text);
  let start = Date.parse(text);
  if (Number.isFinite(number)) start = number < 0 ? now + number * 1000 : number * 1000;
  else if (!/^\d{4}-\d\d-\d\d[Tt].*([Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  return start > 0 && start < now ? start : undefined;
}

/** What asks for a playlist that begins there. */
export function startQuery(start: number | undefined): string {
  return start === undefined ? '' : `?start=${(start / 1000).toFixed(3)}`;
}
