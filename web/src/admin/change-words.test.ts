import { test } from 'node:test';
import assert from 'node:assert/strict';
import { changeWords } from './change-words.ts';

test('fields in a line', () => {
  assert.equal(changeWords([]), '');
  assert.equal(
    changeWords([
      { field: 'visibility', before: 'public', after: 'private' },
      { field: 'title', before: null, after: 'Hall' },
      { field: 'disabled', before: false, after: true },
      { field: 'addresses', before: ['192.0.2.0/24'], after: undefined },
    ]),
    'visibility: public → private, title: none → Hall, disabled: false → true, addresses: ["192.0.2.0/24"] → none',
  );
});
