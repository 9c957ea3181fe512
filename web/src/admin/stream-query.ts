/** What asks for a page of streams. */
export function streamQuery(search: string, state: string, cursor: string | undefined): string {
  const query = new URLSearchParams({ sort: 'name', limit: '100' });
  if (search.trim()) query.set('search', search.trim());
  if (state) query.set('state', state);
  if (cursor) query.set('cursor', cursor);
  return query.toString();
}
