import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gone, goneBy } from './engine.ts';

for (const [status, want] of [
  [401, 'refused'],
  [403, 'refused'],
  [404, 'absent'],
  [500, 'lost'],
  [undefined, 'lost'],
] as [number | undefined, Gone][]) {
  test(`an answer of ${status}`, () => assert.equal(goneBy(status), want));
}
