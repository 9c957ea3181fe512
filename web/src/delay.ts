/** What the API says of the clock that some encoders send along. */
export interface EncoderClock {
  /** onFI or sei. */
  source: string;
  /** From the encoder's clock to the arrival at the server, in s. */
  delay: number;
}

export interface Delay {
  ms: number;
  /** From where on it is counted. */
  since: string;
}

/** A clock that is off by more, in s, or ahead by more, was never set: it says nothing of the way. */
const most = 60;
const ahead = 1;

/** How late the picture is: since the encoder's clock where that is known, else since the server had it, in ms. */
export function delaySince(arrival: number | undefined, clock: EncoderClock | undefined): Delay | undefined {
  if (arrival === undefined) return undefined;
  if (!clock || clock.delay > most || clock.delay < -ahead) return { ms: arrival, since: 'since arrival at server' };
  return { ms: Math.max(0, arrival + clock.delay * 1000), since: 'since the encoder' };
}
