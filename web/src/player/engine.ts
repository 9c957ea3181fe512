/** Why an engine has nothing more to play. */
export type Gone =
  /** The playlist is not there. */
  | 'absent'
  /** The playlist was closed and everything in it has been played, or it was closed from the start. */
  | 'ended'
  /** Network or decoder failed beyond what the engine mends by itself. */
  | 'lost';

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

/** What turns a playlist into pictures. An engine is used once: after `gone` it rests until another one takes its place. */
export interface Engine {
  /** Server time at which the frame on show arrived there, in ms; undefined while unknown. */
  arrival(): number | undefined;
  /** Whether the server has listed media beyond what is on show. */
  hasMore(): boolean;
  /** Undefined where the browser has its own way to choose. */
  choices(): Choices | undefined;
  /** Goes on with that quality from the next segment; -1 lets the connection decide. */
  chooseQuality(id: number): void;
  chooseSound(id: number): void;
  /** Jumps to where a viewer who joins now would start. */
  seekLive(): void;
  /** Stops loading; what has been loaded stays on show. */
  rest(): void;
  destroy(): void;
}

export interface EngineEvents {
  /** Enough has arrived for play to be asked for. */
  ready(): void;
  gone(why: Gone): void;
}
