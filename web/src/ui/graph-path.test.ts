import { test } from 'node:test';
import assert from 'node:assert/strict';
import { graphPath } from './graph-path.ts';

test('from edge to edge, with air above the greatest', () => {
  assert.equal(graphPath([0, 8, 4], 100, 50), 'M0 50L50 10L100 30');
});

test('nothing to draw', () => {
  assert.equal(graphPath([], 100, 50), undefined);
  assert.equal(graphPath([3], 100, 50), undefined);
  assert.equal(graphPath([0, 0], 100, 50), undefined);
});
