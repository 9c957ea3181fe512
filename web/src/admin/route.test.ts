import { test } from 'node:test';
import assert from 'node:assert/strict';
import { routeOf } from './route.ts';

for (const [hash, want] of [
  ['', { pane: 'streams' }],
  ['#', { pane: 'streams' }],
  ['#webhooks', { pane: 'webhooks' }],
  ['#/audit', { pane: 'audit' }],
  ['#streams/st_abcdefghij234567', { pane: 'stream', id: 'st_abcdefghij234567' }],
  ['#streams/../../x', { pane: 'streams' }],
  ['#elsewhere', { pane: 'streams' }],
] as const) {
  test(`what ${hash || 'nothing'} shows`, () => assert.deepEqual(routeOf(hash), want));
}
