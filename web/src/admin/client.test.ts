import { afterEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { admits, Client, RefusedError, words } from './client.ts';
import { keepToken, keptToken } from './token.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

interface Asked {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
}

function answer(status: number, body: string): Asked[] {
  const asked: Asked[] = [];
  globalThis.fetch = ((url: string, { method, headers, body: sent }: RequestInit) => {
    asked.push({ url, method: method!, headers: headers as Record<string, string>, body: sent as string });
    return Promise.resolve(new Response(body || null, { status }));
  }) as typeof fetch;
  return asked;
}

test('a token goes into the header and nowhere else', async () => {
  const asked = answer(200, '{"keys":[]}');
  assert.deepEqual(await new Client('secret').get('/streams/st_1/keys'), { keys: [] });
  assert.equal(asked[0]!.headers.Authorization, 'Bearer secret');
  assert.ok(!asked[0]!.url.includes('secret'));
  await new Client('').get('/streams');
  assert.equal('Authorization' in asked[1]!.headers, false);
});

test('a change names the revision that it is of', async () => {
  const asked = answer(200, '{}');
  await new Client('t').patch('/streams/st_1', 7, { visibility: 'private' });
  assert.deepEqual(asked[0], {
    url: '/api/v1/streams/st_1',
    method: 'PATCH',
    headers: { Authorization: 'Bearer t', 'Content-Type': 'application/json', 'If-Match': '"7"' },
    body: '{"visibility":"private"}',
  });
});

test('an answer may have no body', async () => {
  answer(204, '');
  assert.equal(await new Client('t').remove('/keys/ky_1'), undefined);
});

for (const [name, status, body, want] of [
  ['a problem', 409, '{"detail":"it is declared in the config file"}', 'It is declared in the config file.'],
  ['a problem without a detail', 403, '{"title":"Forbidden"}', 'Forbidden.'],
  ['a page of a proxy', 502, '<html>', 'The server answered 502.'],
] as const) {
  test(`${name} becomes a sentence`, async () => {
    answer(status, body);
    await assert.rejects(new Client('t').post('/streams', {}), (error: RefusedError) => {
      assert.equal(error.status, status);
      assert.equal(words(error), want);
      return true;
    });
  });
}

test('a server that is away is told of', async () => {
  globalThis.fetch = () => Promise.reject(new TypeError('network'));
  await assert.rejects(new Client('t').get('/streams'), { message: 'The server is out of reach. Try again.' });
});

for (const [status, want] of [[200, true], [403, true], [401, false]] as const) {
  test(`a token that gets ${status}`, async () => {
    answer(status, '{}');
    assert.equal(await admits('t'), want);
  });
}

test('a token that nobody could check is neither good nor bad', async () => {
  answer(503, '{}');
  await assert.rejects(admits('t'));
});

test('a token is kept until it is forgotten', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  } as unknown as Storage;
  assert.equal(keptToken(store), undefined);
  keepToken('', store);
  assert.equal(keptToken(store), '');
  keepToken('t', store);
  assert.equal(keptToken(store), 't');
  keepToken(undefined, store);
  assert.equal(keptToken(store), undefined);
});
