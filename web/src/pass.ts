import type { Addresses } from './api.ts';

/**
 * What the query of a page's address has to let its viewer in: a token, or the parameters of a link (`exp`, `ip`,
 * `sig`). They go along to everything that the page asks for. '' where there is none.
 */
export function passOf(query: string): string {
  const given = new URLSearchParams(query);
  const names = given.has('sig') ? ['token', 'exp', 'ip', 'sig'] : ['token'];
  const pass = new URLSearchParams();
  for (const name of names) {
    const value = given.get(name);
    if (value) pass.set(name, value);
  }
  return pass.toString();
}

/** An address with a pass. */
export function withPass(address: string, pass: string): string {
  if (!pass) return address;
  return `${address}${address.includes('?') ? '&' : '?'}${pass}`;
}

/** A stream's addresses, each with a pass: whoever gets one of them gets in. */
export function addressesWithPass(addresses: Addresses, pass: string): Addresses {
  const all = Object.entries(addresses).map(([name, address]: [string, string]) => [name, withPass(address, pass)]);
  return Object.fromEntries(all) as Addresses;
}
