import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateAt, positionAt, startOf, startQuery, worthwhile } from './shift.ts';

// Ten seconds, a break of a minute, ten more.
const stretches = [
  { start: 100, arrived: 1_000_000 },
  { start: 105, arrived: 1_005_000 },
  { start: 110, arrived: 1_070_000 },
];

test('a position has a date, and a date a position', () => {
  assert.equal(dateAt(stretches, 107), 1_007_000);
  assert.equal(dateAt(stretches, 112.5), 1_072_500);
  assert.equal(dateAt(stretches, 99), 999_000);
  assert.equal(positionAt(stretches, 1_007_000), 107);
  assert.equal(positionAt(stretches, 1_072_500), 112.5);
  assert.equal(dateAt([], 3), undefined);
  assert.equal(positionAt([], 3), undefined);
});

test('what came in a break is what came first thereafter, and what is gone is the oldest', () => {
  assert.equal(positionAt(stretches, 1_040_000), 110);
  assert.equal(positionAt(stretches, 3), 100);
});

test('a bar is for what is worth it', () => {
  const shift = (length: number) => ({ from: 0, to: length, at: length });
  assert.equal(worthwhile(undefined, true), false);
  assert.equal(worthwhile(shift(12_000), false), false);
  assert.equal(worthwhile(shift(12_000), true), true);
  assert.equal(worthwhile(shift(8_000), true), false);
  assert.equal(worthwhile(shift(3600_000), false), true);
});

test('an address names where to begin', () => {
  const now = Date.parse('2026-03-04T12:00:00Z');
  assert.equal(startOf('?start=-600', now), now - 600_000);
  assert.equal(startOf('?a=b&start=-90.5', now), now - 90_500);
  assert.equal(startOf('?start=2026-03-04T11:00:00Z', now), now - 3600_000);
  assert.equal(startOf('?start=2026-03-04T12:00:00%2B01:00', now), now - 3600_000);
  assert.equal(startOf(`?start=${now / 1000 - 10}`, now), now - 10_000);
  for (const query of ['', '?start=', '?start=soon', '?start=2027-01-01T00:00:00Z', '?start=0', '?start=12:00', '?start=2026', '?start=9e9']) {
    const start = startOf(query, now);
    assert.ok(start === undefined || query === '?start=2026', `${query}: ${start}`);
  }
});

test('a start goes to the playlist in whole milliseconds', () => {
  assert.equal(startQuery(undefined), '');
  assert.equal(startQuery(1_700_000_000_123.4), '?start=1700000000.123');
});
