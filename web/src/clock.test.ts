import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ServerClock } from './clock.ts';

test('without a sample it is the local clock', () => {
  const clock = new ServerClock();
  assert.equal(clock.known, false);
  assert.equal(clock.now(1000), 1000);
});

test('the offset is measured from the middle of the round trip', () => {
  const clock = new ServerClock();
  clock.observe(1000, 1200, 6100);
  assert.equal(clock.known, true);
  assert.equal(clock.now(2000), 7000);
});

test('the shortest round trip wins', () => {
  const clock = new ServerClock();
  clock.observe(0, 20, 5010);
  clock.observe(1000, 3000, 9000);
  assert.equal(clock.now(100), 5100);
});

test('a clock that is set while the page is open is followed', () => {
  const clock = new ServerClock();
  clock.observe(0, 2, 5001);
  for (let i = 0; i < 10; i++) clock.observe(1000, 1100, 1050);
  assert.equal(clock.now(2000), 2000);
});

test('nonsense is left out', () => {
  const clock = new ServerClock();
  clock.observe(0, 10, Date.parse('yesterday'));
  clock.observe(10, 0, 5);
  assert.equal(clock.known, false);
});
