import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrivals } from './arrivals.ts';

test('nothing is known before something came', () => {
  assert.equal(new Arrivals().age(0, 0), undefined);
});

test('the age is measured by what came quickest', () => {
  const arrivals = new Arrivals();
  arrivals.observe(10_000, 2000); // late
  arrivals.observe(10_100, 2900);
  arrivals.observe(10_600, 3000); // late again
  assert.equal(arrivals.age(10_600, 2900), 500);
  assert.equal(arrivals.age(10_600, 9000), 0);
});

test('a clock that runs away is followed', () => {
  const arrivals = new Arrivals();
  // Media of a minute comes in a minute and six seconds.
  for (let at = 0; at <= 66_000; at += 100) arrivals.observe(at, at / 1.1);
  const age = arrivals.age(66_000, 60_000)!;
  assert.ok(age < 3000, `${age} ms`);
});
