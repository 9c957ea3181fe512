import type { Change } from './objects.ts';

/** What became of some fields, in a line: `title: Old → New`. */
export function changeWords(changes: Change['changes']): string {
  return changes.map(({ field, before, after }) => `${field}: ${value(before)} → ${value(after)}`).join(', ');
}

function value(of: unknown): string {
  if (of === null || of === undefined || of === '') return 'none';
  return typeof of === 'string' ? of : JSON.stringify(of);
}
