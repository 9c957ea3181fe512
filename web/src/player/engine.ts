import type { Shift } from './shift.ts';

/** Why an engine has nothing more to play. */
export type Gone =
  /** The stream is not there. */
  | 'absent'
  /** The stream is for others: it needs a link or token, or a better one. */
  | 'refused'
  /** The stream was closed and everything in it has been played, or it was closed from the start. */
  | 'ended'
  /** Network or decoder failed beyond what the engine mends by itself. */
  | 'lost'
  /** The browser cannot play this by this protocol. */
  | 'unplayable';

/** What an answer of this status means; none came where there is no status. */
export function goneBy(status: number | undefined): Gone {
  switch (status) {
    case 401:
    case 403:
      return 'refused';
    case 404:
      return 'absent';
    default:
      return 'lost';
  }
}

/** One of several things to watch or listen to. */
export interface Choice {
  id: number;
  label: string;
}

/** What a viewer can choose; a list of fewer than two is no choice. */
export interface Choices {
  qualities: Choice[];
  /** The one that was asked for; -1 lets the connection decide. */
  quality: number;
  /** The one on show, -1 while there is none. */
  shown: number;
  sounds: Choice[];
  sound: number;
}

/** What only an engine can tell of what it plays. */
export interface Particulars {
  /** Bytes of media since it began; undefined where the browser loads by itself. */
  received?: number | undefined;
  /** As RFC 6381 writes them. */
  codecs?: string | undefined;
}

/** What turns a stream into pictures. An engine is used once: after `gone` it rests until another one takes its place. */
export interface Engine {
  /**
   * How long ago the frame on show arrived at the server, in ms; undefined while unknown. It takes the server's time in
   * ms, undefined while that is unknown.
   */
  delay(serverNow: number | undefined): number | undefined;
  /** Whether there ought to be media beyond what is on show: if nothing moves then, the engine is stuck. */
  hasMore(): boolean;
  /** Undefined where there is nothing to choose, or the browser has its own way. */
  choices(): Choices | undefined;
  /** Goes on with that quality from the next segment; -1 lets the connection decide. */
  chooseQuality(id: number): void;
  chooseSound(id: number): void;
  particulars(): Particulars;
  /** Jumps to where a viewer who joins now would start. */
  seekLive(): void;
  /** What there is to go back to; undefined where there is no way back. */
  shift(): Shift | undefined;
  /** Goes on with what arrived at this moment of the server's clock, in ms. */
  seekTo(date: number): void;
  /** Whether to keep up with live, or to play on from wherever it is. */
  follow(live: boolean): void;
  /** Stops loading; what has been loaded stays on show. */
  rest(): void;
  /** Lets go of the video element, at the latest when the promise is kept: until then no other engine may have it. */
  destroy(): void | Promise<void>;
}

export interface EngineEvents {
  /** Enough has arrived for play to be asked for. */
  ready(): void;
  gone(why: Gone): void;
}

/** What an engine is to play. */
export interface Opening {
  /** The stream's path, `/live/cam1`. */
  path: string;
  /** What lets the viewer in, as a query; '' for nothing. */
  pass: string;
  /** The playback's name, for the server to count its viewers by. */
  session: string;
  /** The moment of the server's clock to begin at, in ms; without it, live. */
  start?: number | undefined;
}

/** Makes an engine that plays a stream on a video element. */
export type EngineMaker = new (video: HTMLVideoElement, opening: Opening, events: EngineEvents) => Engine;
