import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pace, pace } from './pace.ts';

for (const [name, buffered, position, rate, want] of [
  ['nothing has come', [], 0, 1, { rate: 1 }],
  ['at the target', [[0, 10]], 9.5, 1, { rate: 1 }],
  ['a lump has come', [[0, 10]], 9.37, 1, { rate: 1 }],
  ['a little behind', [[0, 10]], 9, 1, { rate: 1.1 }],
  ['catching up', [[0, 10]], 9.3, 1.1, { rate: 1.1 }],
  ['caught up', [[0, 10]], 9.46, 1.1, { rate: 1 }],
  ['far behind', [[0, 10]], 5, 1, { jumpTo: 9.5 }],
  ['before a gap', [[0, 5], [7, 7.6]], 4.98, 1, { jumpTo: 7.1 }],
  ['before a gap, with little behind it', [[0, 5], [6, 6.2]], 4.95, 1, { jumpTo: 6 }],
  ['some way before a gap', [[0, 5], [6, 6.2]], 4, 1, { rate: 1.1 }],
] as [string, [number, number][], number, number, Pace][]) {
  test(name, () => assert.deepEqual(pace(buffered, position, 0.5, rate), want));
}
