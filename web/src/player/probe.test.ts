import { afterEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { firstEntry, hasEnded, isMultivariant, probe } from './probe.ts';

const top = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8\n';
const media = '#EXTM3U\r\n#EXT-X-TARGETDURATION:2\r\n#EXTINF:2,\r\na.m4s\r\n';
const base = 'http://h/live/cam1/index.m3u8';

test('reads what it needs of a playlist', () => {
  assert.equal(isMultivariant(top), true);
  assert.equal(isMultivariant(media), false);
  assert.equal(hasEnded(media), false);
  assert.equal(hasEnded(`${media}#EXT-X-ENDLIST\r\n`), true);
  assert.equal(firstEntry(top, base), 'http://h/live/cam1/video.m3u8');
  assert.equal(firstEntry('#EXTM3U\n', base), undefined);
});

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

function serve(answers: Record<string, string | number>) {
  globalThis.fetch = async (url) => {
    const answer = answers[String(url)] ?? 404;
    if (answer === 0) throw new TypeError('network');
    return typeof answer === 'string' ? new Response(answer) : new Response('', { status: answer });
  };
}

const child = 'http://h/live/cam1/video.m3u8';
for (const [name, answers, want] of [
  ['no stream', {}, 'absent'],
  ['on air', { [base]: top, [child]: media }, 'live'],
  ['over', { [base]: top, [child]: `${media}#EXT-X-ENDLIST` }, 'ended'],
  ['gone between the two requests', { [base]: top }, 'absent'],
  ['a playlist without levels', { [base]: media }, 'live'],
  ['an empty playlist', { [base]: '#EXTM3U\n' }, 'absent'],
  ['a server in trouble', { [base]: 503 }, 'unreachable'],
  ['no network', { [base]: 0 }, 'unreachable'],
  ['a stream for others', { [base]: 401 }, 'refused'],
  ['a token that has expired', { [base]: top, [child]: 403 }, 'refused'],
] as [string, Record<string, string | number>, string][]) {
  test(`probe: ${name}`, async () => {
    serve(answers);
    assert.equal(await probe(base), want);
  });
}

test('a request that stays without an answer is asked again, and the others are given up', async () => {
  const given: AbortSignal[] = [];
  globalThis.fetch = ((_: string, { signal }: RequestInit) => {
    given.push(signal!);
    if (given.length > 1) return Promise.resolve(new Response(media));
    return new Promise((_, fail) => signal!.addEventListener('abort', () => fail(signal!.reason)));
  }) as typeof fetch;
  assert.equal(await probe(base), 'live');
  assert.equal(given.length, 2);
  assert.equal(given[0]!.aborted, true);
});
