import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityLabels, soundLabels } from './choices.ts';

test('qualities are called by their smaller side', () => {
  const of = (width: number, height: number, bitrate: number) => ({ width, height, bitrate });
  assert.deepEqual(qualityLabels([of(1920, 1080, 6e6), of(1280, 720, 3e6)]), ['1080p', '720p']);
  assert.deepEqual(qualityLabels([of(1080, 1920, 6e6), of(0, 0, 1e5)]), ['1080p', 'Sound only']);
  assert.deepEqual(qualityLabels([of(1280, 720, 3e6), of(1280, 720, 1.54e6)]), ['720p 3.0 Mb/s', '720p 1.5 Mb/s']);
});

test('sounds are called by name and language', () => {
  const names: Record<string, string> = { en: 'English', de: 'German' };
  const labels = (...sounds: { name?: string; lang?: string }[]) => soundLabels(sounds, (tag) => names[tag] ?? tag);
  assert.deepEqual(labels({ name: 'Commentary', lang: 'en' }, { name: 'German', lang: 'de' }), ['Commentary (English)', 'German']);
  assert.deepEqual(labels({ lang: 'de' }, {}, { name: 'Hall' }), ['German', 'Sound 2', 'Hall']);
});

test('what is no language is shown as it is', () => {
  assert.deepEqual(soundLabels([{ lang: '?!' }]), ['?!']);
});
