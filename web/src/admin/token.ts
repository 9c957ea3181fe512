/** Where the token of whoever is signed in stays: in this tab, until it is closed. */
const name = 'millrace.token';

/** The token that is kept: '' for one who needs none, undefined for nobody. */
export function keptToken(store: Storage = sessionStorage): string | undefined {
  return store.getItem(name) ?? undefined;
}

export function keepToken(token: string | undefined, store: Storage = sessionStorage): void {
  if (token === undefined) store.removeItem(name);
  else store.setItem(name, token);
}
