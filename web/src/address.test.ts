import { test } from 'node:test';
import assert from 'node:assert/strict';
import { addressesFrom, embedCode, ingestAddress, streamName, streamPath } from './address.ts';

test('streamPath', () => {
  for (const [pathname, want] of [
    ['/live/cam1', 'live/cam1'],
    ['/live/cam1/', 'live/cam1'],
    ['/embed/live/cam1', 'live/cam1'],
    ['/live/hall/embed/2', 'live/hall/embed/2'],
    ['/live/cam%201', 'live/cam%201'],
  ] as const) {
    assert.equal(streamPath(pathname), want, pathname);
  }
});

test('streamName decodes, and keeps what cannot be decoded', () => {
  assert.equal(streamName('live/caf%C3%A9'), 'live/café');
  assert.equal(streamName('live/%ff'), 'live/%ff');
});

test('addresses keep the host, scheme and port that the viewer used', () => {
  const place = { origin: 'https://tv.example:8443', hostname: 'tv.example', pathname: '/embed/live/cam%201' };
  assert.deepEqual(addressesFrom(place), {
    page: 'https://tv.example:8443/live/cam%201',
    embed: 'https://tv.example:8443/embed/live/cam%201',
    hls: 'https://tv.example:8443/live/cam%201/index.m3u8',
    dash: 'https://tv.example:8443/live/cam%201/manifest.mpd',
    flv: 'https://tv.example:8443/live/cam%201.flv',
    ts: 'https://tv.example:8443/live/cam%201.ts',
    rtmp: 'rtmp://tv.example/live/cam%201',
    poster: 'https://tv.example:8443/live/cam%201.jpg',
  });
  assert.equal(ingestAddress(place), 'rtmp://tv.example/live');
});

test('an address cannot break out of the embed code', () => {
  assert.match(embedCode('http://h/embed/live/"><script>'), /src="http:\/\/h\/embed\/live\/&quot;><script>" width/);
});
