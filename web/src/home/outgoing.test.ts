import { test } from 'node:test';
import assert from 'node:assert/strict';
import { outgoing } from './outgoing.ts';

test('adds up what was sent in between', () => {
  const before = { at: 1000, sent: [['a', 100], ['b', 5000], ['gone', 7]] as const };
  const after = { at: 3000, sent: [['a', 1100], ['b', 6000], ['new', 900]] as const };
  assert.equal(outgoing(before, after), 8000);
});

test('a counter that began anew counts for nothing', () => {
  assert.equal(outgoing({ at: 0, sent: [['a', 100]] }, { at: 1000, sent: [['a', 50]] }), 0);
});

test('no time, no rate', () => {
  assert.equal(outgoing({ at: 5, sent: [['a', 1]] }, { at: 5, sent: [['a', 2]] }), 0);
});
