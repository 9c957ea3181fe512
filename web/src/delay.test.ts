import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delaySince } from './delay.ts';

test('a delay is counted from the encoder where it sends a clock', () => {
  assert.deepEqual(delaySince(1200, undefined), { ms: 1200, since: 'since arrival at server' });
  assert.deepEqual(delaySince(1200, { source: 'sei', delay: 0.5 }), { ms: 1700, since: 'since the encoder' });
  assert.deepEqual(delaySince(100, { source: 'onFI', delay: -0.4 }), { ms: 0, since: 'since the encoder' });
});

test('a clock that was never set is not believed', () => {
  assert.equal(delaySince(1200, { source: 'sei', delay: 3600 })?.since, 'since arrival at server');
  assert.equal(delaySince(1200, { source: 'sei', delay: -30 })?.since, 'since arrival at server');
});

test('what is not known stays so', () => {
  assert.equal(delaySince(undefined, { source: 'sei', delay: 1 }), undefined);
});
