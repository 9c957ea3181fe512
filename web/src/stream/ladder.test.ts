import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ladderPath, outcome, question } from './ladder.ts';

test('the app is asked', () => {
  assert.equal(ladderPath('live/cam1'), '/.well-known/obs-multitrack/live');
  assert.equal(ladderPath('my app/a/b'), '/.well-known/obs-multitrack/my%20app');
});

test('the question is that of OBS', () => {
  const asked = question('live/a/b', { key: ' k ', machine: 1, canvas: '1080x1920', rate: '50' }) as Record<string, any>;
  assert.equal(asked.authentication, 'k');
  assert.deepEqual(asked.capabilities.gpu, [{ model: '', vendor_id: 0x10de }]);
  assert.deepEqual(asked.preferences.canvases, [{ width: 1080, height: 1920, framerate: { numerator: 50, denominator: 1 } }]);
  const open = question('live/a/b', { key: '', machine: 0, canvas: '1280x720', rate: '30' }) as Record<string, any>;
  assert.equal(open.authentication, 'a/b');
  assert.equal(open.capabilities.gpu, null);
});

test('what is pasted has no addresses', () => {
  const { text } = outcome({ status: { result: 'success' }, ingest_endpoints: [1] });
  assert.equal(text, '{"status":{"result":"success"}}');
});

test('a refusal is told', () => {
  assert.deepEqual(outcome({ status: { result: 'error', html_en_us: 'no &#34;app&#34; &amp; &lt;b&gt;' } }), {
    refusal: 'no "app" & <b>',
  });
});
