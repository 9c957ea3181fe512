import type { Visibility } from './objects.ts';

/** Who may watch, as a form offers it. */
export const visibilities: [Visibility, string][] = [
  ['public', 'Public: listed, and for everybody'],
  ['unlisted', 'Unlisted: for who has the address'],
  ['private', 'Private: for who has a signed link'],
];
