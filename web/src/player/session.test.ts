import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionID } from './session.ts';

test('each playback has a name of its own, a UUID of version 4', () => {
  const a = sessionID();
  assert.match(a, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(a, sessionID());
});
