import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { Client } from './client.ts';

/** The API in the name of whoever is signed in. */
export const ClientContext = createContext(new Client(''));

export function useClient(): Client {
  return useContext(ClientContext);
}
