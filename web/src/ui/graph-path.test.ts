import { test } from 'node:test';
import assert from 'node:assert/strict';
import { graphPath } from './graph-path.ts';

test('the newest value is at the right edge, with air above the greatest', () => {
  assert.deepEqual(graphPath([0, 8, 4], 5, 100, 50), { path: 'M50 50L75 10L100 30', start: 50 });
});

test('nothing to draw', () => {
  assert.equal(graphPath([], 5, 100, 50), undefined);
  assert.equal(graphPath([3], 5, 100, 50), undefined);
  assert.equal(graphPath([0, 0], 5, 100, 50), undefined);
});
