import { test } from 'node:test';
import assert from 'node:assert/strict';
import { bitrate, delay, duration, picture, protocol, sound, videoCodec, viewersByProtocol } from './format.ts';

test('bitrate', () => {
  for (const [bits, want] of [
    [undefined, ''],
    [0, ''],
    [127_600, '128 kb/s'],
    [999_499, '999 kb/s'],
    [999_500, '1.00 Mb/s'],
    [4_628_000, '4.63 Mb/s'],
    [12_400_000, '12.4 Mb/s'],
  ] as const) {
    assert.equal(bitrate(bits), want, String(bits));
  }
});

test('duration', () => {
  for (const [ms, want] of [
    [-5, '0:00'],
    [7_999, '0:07'],
    [751_000, '12:31'],
    [3_723_000, '1:02:03'],
    [273_906_000, '3 d 4:05:06'],
  ] as const) {
    assert.equal(duration(ms), want, String(ms));
  }
});

test('delay', () => {
  assert.equal(delay(-200), '0.0 s');
  assert.equal(delay(4_840), '4.8 s');
  assert.equal(delay(31_400), '31 s');
});

test('picture', () => {
  assert.equal(picture({ codec: 'H.264', width: 1920, height: 1080, frame_rate: 29.97003 }), '1920×1080 at 29.97 fps');
  assert.equal(picture({ codec: 'H.264', width: 640, height: 360, frame_rate: 30 }), '640×360 at 30 fps');
  assert.equal(picture({ codec: 'H.264', width: 640, height: 360, frame_rate: 0 }), '640×360');
  assert.equal(picture({ codec: 'H.264' }), '');
});

test('codecs', () => {
  assert.equal(videoCodec({ codec: 'H.264', profile: 'High', level: '4.0' }), 'H.264 High 4.0');
  assert.equal(videoCodec({ codec: 'VP6' }), 'VP6');
  assert.equal(sound({ codec: 'AAC', sample_rate: 44100, channels: 2 }), '44.1 kHz stereo');
  assert.equal(sound({ codec: 'AAC', sample_rate: 48000, channels: 1 }), '48 kHz mono');
  assert.equal(sound({ codec: 'AAC', channels: 6 }), '5.1');
  assert.equal(sound({ codec: 'AAC' }), '');
});

test('viewers', () => {
  assert.deepEqual(viewersByProtocol({ rtmp: 1, 'http-flv': 0, hls: 3 }), [
    ['HLS', 3],
    ['RTMP', 1],
  ]);
  assert.deepEqual(viewersByProtocol(undefined), []);
  assert.equal(protocol('srt'), 'SRT');
});
