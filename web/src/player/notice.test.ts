import { test } from 'node:test';
import assert from 'node:assert/strict';
import { notice, type Facts } from './notice.ts';

const playing: Facts = { phase: 'playing', stalledFor: 0, hasPlayed: true, state: 'live', hasPass: false };

for (const [name, facts, title, covers] of [
  ['all is well', {}, undefined, undefined],
  ['a hiccup is not worth a word', { stalledFor: 2999 }, undefined, undefined],
  ['three seconds without media', { stalledFor: 3000 }, 'Reconnecting…', true],
  ['three seconds without media nor API', { stalledFor: 3000, state: undefined }, 'Reconnecting…', true],
  ['the sender dropped, the buffer still plays', { state: 'reconnecting' }, 'Reconnecting…', false],
  ['the sender dropped, the buffer is empty', { state: 'reconnecting', stalledFor: 4000 }, 'Reconnecting…', true],
  ['opening', { phase: 'loading', hasPlayed: false }, 'Connecting…', true],
  ['opening again', { phase: 'loading' }, 'Reconnecting…', true],
  ['too early', { phase: 'waiting', hasPlayed: false }, 'Waiting for the stream…', true],
  ['gone', { phase: 'waiting' }, 'The broadcast has ended', true],
  ['over', { phase: 'ended' }, 'The broadcast has ended', true],
  ['cut off, the buffer still plays', { phase: 'lost' }, 'Reconnecting…', false],
  ['cut off', { phase: 'lost', stalledFor: 4000 }, 'Reconnecting…', true],
  ['codecs that the browser has not', { phase: 'unplayable', hasPlayed: false }, 'This browser cannot play the stream', true],
  ['for others', { phase: 'refused', hasPlayed: false }, 'This stream is private', true],
  ['a token taken back while it plays', { phase: 'refused', hasPass: true }, 'This link does not let you in', true],
  ['cut off from the start', { phase: 'lost', hasPlayed: false }, 'Reconnecting…', true],
] as [string, Partial<Facts>, string | undefined, boolean | undefined][]) {
  test(name, () => {
    const got = notice({ ...playing, ...facts });
    assert.equal(got?.title, title);
    assert.equal(got?.covers, covers);
  });
}
