import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inStore, Meter } from './statistics.ts';

test('a rate takes a second to be known', () => {
  const meter = new Meter();
  assert.equal(meter.rate(), undefined);
  meter.observe(0, 0);
  meter.observe(500, 1000);
  assert.equal(meter.rate(), undefined);
  meter.observe(1000, 125_000);
  assert.equal(meter.rate(), 1_000_000);
});

test('old traffic is forgotten, and another count begins anew', () => {
  const meter = new Meter();
  meter.observe(0, 0);
  for (let at = 500; at <= 10_000; at += 500) meter.observe(at, 1_000_000);
  assert.equal(meter.rate(), 0);
  meter.observe(10_500, 10);
  assert.equal(meter.rate(), undefined);
});

test('what is in store ends at the next gap', () => {
  const buffered: [number, number][] = [[0, 5], [6, 9]];
  assert.equal(inStore(buffered, 3), 2);
  assert.equal(inStore(buffered, 5.95), 9 - 5.95);
  assert.equal(inStore(buffered, 5.5), 0);
  assert.equal(inStore([], 0), 0);
});
