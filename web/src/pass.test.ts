import { test } from 'node:test';
import assert from 'node:assert/strict';
import { addressesFrom } from './address.ts';
import { addressesWithPass, passOf, withPass } from './pass.ts';

for (const [query, want] of [
  ['', ''],
  ['?start=-60', ''],
  ['?token=eyJ.a_b.c-d&start=-60', 'token=eyJ.a_b.c-d'],
  ['?sig=ff&a=b&exp=17', 'exp=17&sig=ff'],
  ['?sig=ff&ip=%3A%3A1&exp=17&token=x', 'token=x&exp=17&ip=%3A%3A1&sig=ff'],
  ['?exp=17&ip=::1', ''],
  ['?token=', ''],
  ['?token=%22%26x', 'token=%22%26x'],
] as const) {
  test(`what lets in of ${query || 'no query'}`, () => assert.equal(passOf(query), want));
}

test('a pass joins the query that an address has', () => {
  assert.equal(withPass('/live/cam1.flv', ''), '/live/cam1.flv');
  assert.equal(withPass('/live/cam1.flv', 'token=x'), '/live/cam1.flv?token=x');
  assert.equal(withPass('/live/cam1/index.m3u8?start=1', 'exp=1&sig=2'), '/live/cam1/index.m3u8?start=1&exp=1&sig=2');
});

test('every address of a stream gets it', () => {
  const place = { origin: 'https://tv.example', hostname: 'tv.example', pathname: '/live/cam1' };
  const plain = addressesFrom(place);
  const all = addressesWithPass(plain, 'token=x');
  assert.deepEqual(Object.keys(all), Object.keys(plain));
  for (const [name, address] of Object.entries(all)) assert.equal(address, `${plain[name as keyof typeof plain]}?token=x`);
});
