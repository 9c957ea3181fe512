import { test } from 'node:test';
import assert from 'node:assert/strict';
import { backoff } from './backoff.ts';

test('grows from half a second and stays bounded', () => {
  const middle = () => 0.5;
  assert.equal(backoff(0, middle), 500);
  assert.equal(backoff(1, middle), 800);
  assert.equal(backoff(100, middle), 5000);
});

test('spreads by a fifth to each side', () => {
  assert.equal(backoff(0, () => 0), 400);
  assert.equal(Math.round(backoff(0, () => 1)), 600);
});
