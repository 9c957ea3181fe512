import type { Stream } from '../api.ts';

/** Where a player is with its stream. */
export type Phase =
  /** Opening, no picture yet. */
  | 'loading'
  /** Media has arrived; it plays, is paused or has run dry. */
  | 'playing'
  /** There is no such stream at present. */
  | 'waiting'
  /** The broadcast came to its end. */
  | 'ended'
  /** The server is out of reach, or what it sent could not be played. */
  | 'lost'
  /** It is for others. */
  | 'refused'
  /** This browser has no way to play what is sent. */
  | 'unplayable';

export interface Facts {
  phase: Phase;
  /** How long playback has stood still for want of media, in ms. */
  stalledFor: number;
  /** Media has been seen since the page was opened. */
  hasPlayed: boolean;
  /** What the API says of the stream, when it says something. */
  state?: Stream['state'];
  /** The address has a token, or is a signed link. */
  hasPass: boolean;
}

/** What the player tells its viewer. A notice covers the picture, or is a line above it while there is one to see. */
export interface Notice {
  kind: 'busy' | 'waiting';
  title: string;
  detail: string;
  covers: boolean;
}

/** Playback that stands still for this long is worth a word; shorter gaps mend themselves. */
export const patience = 3000;

/** Chooses the notice, or none when all is well. */
export function notice(facts: Facts): Notice | undefined {
  const stalled = facts.stalledFor >= patience;
  switch (facts.phase) {
    case 'loading':
      return { kind: 'busy', title: facts.hasPlayed ? 'Reconnecting…' : 'Connecting…', detail: '', covers: true };
    case 'waiting':
      return facts.hasPlayed ? over : awaited;
    case 'ended':
      return over;
    case 'unplayable':
      return unplayable;
    case 'refused':
      return facts.hasPass ? invalid : secluded;
    case 'lost':
      return {
        kind: 'busy',
        title: 'Reconnecting…',
        detail: 'The connection was lost. The page keeps trying.',
        // What had been loaded before still plays.
        covers: stalled || !facts.hasPlayed,
      };
    case 'playing':
      if (facts.state === 'reconnecting') {
        return {
          kind: 'busy',
          title: 'Reconnecting…',
          detail: 'The sender dropped. It goes on here when it is back.',
          covers: stalled,
        };
      }
      if (!stalled) return undefined;
      return {
        kind: 'busy',
        title: 'Reconnecting…',
        detail: 'No media is arriving. It goes on here by itself.',
        covers: true,
      };
  }
}

const awaited: Notice = {
  kind: 'waiting',
  title: 'Waiting for the stream…',
  detail: 'It is not on air yet, and starts here by itself.',
  covers: true,
};

const over: Notice = {
  kind: 'waiting',
  title: 'The broadcast has ended',
  detail: 'If it comes back, it starts here by itself.',
  covers: true,
};

const secluded: Notice = {
  kind: 'waiting',
  title: 'This stream is private',
  detail: 'Open it with the link that its owner gave you.',
  covers: true,
};

const invalid: Notice = {
  kind: 'waiting',
  title: 'This link does not let you in',
  detail: 'It has expired, was taken back, or is for another stream. Ask the owner of the stream for a new one.',
  covers: true,
};

const unplayable: Notice = {
  kind: 'waiting',
  title: 'This browser cannot play the stream',
  detail: 'It has no decoder for what is sent. Another browser may, or VLC.',
  covers: true,
};
