import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Codecs, type Means, playable } from './protocol.ts';

const chromium: Means = { native: false, mse: true, decodes: (type) => !/hvc1|ac-3|ec-3/.test(type) };
const oldPhone: Means = { native: true, mse: false, decodes: () => false };
const phone: Means = { native: true, mse: true, decodes: (type) => !/vp08/.test(type) };

for (const [name, codecs, means, want] of [
  ['what everybody sends', { video: 'H.264', audio: 'AAC' }, chromium, ['hls', 'dash', 'flv']],
  ['nothing known yet', {}, chromium, ['hls', 'dash', 'flv']],
  ['sound alone', { audio: 'MP3' }, chromium, ['hls', 'dash', 'flv']],
  ['a codec that mpegts.js has not', { video: 'VP9', audio: 'Opus' }, chromium, ['hls', 'dash']],
  ['a picture that is not decoded', { video: 'HEVC', audio: 'AAC' }, chromium, []],
  ['sound that is not decoded', { video: 'H.264', audio: 'AC-3' }, chromium, []],
  ['a codec that no browser has', { video: 'Sorenson H.263', audio: 'Speex' }, chromium, []],
  ['an old iPhone', { video: 'H.264', audio: 'AAC' }, oldPhone, ['hls']],
  ['an iPhone', { video: 'HEVC', audio: 'AAC' }, phone, ['hls', 'dash', 'flv']],
  ['an iPhone and what its own player may know', { video: 'VP8', audio: 'Opus' }, phone, ['hls']],
] as [string, Codecs, Means, string[]][]) {
  test(name, () => assert.deepEqual(playable(codecs, means), want));
}
