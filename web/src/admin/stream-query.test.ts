import { test } from 'node:test';
import assert from 'node:assert/strict';
import { streamQuery } from './stream-query.ts';

test('what is not asked for is not in the query', () => {
  assert.equal(streamQuery('', '', undefined), 'sort=name&limit=100');
  assert.equal(streamQuery('  ', '', ''), 'sort=name&limit=100');
});

test('what a person typed is escaped', () => {
  assert.equal(streamQuery(' a&b ', 'on-air', 'c='), 'sort=name&limit=100&search=a%26b&state=on-air&cursor=c%3D');
});
