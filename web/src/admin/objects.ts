import type { Addresses, Stream } from '../api.ts';

/** The JSON of what people manage, as far as these pages read it. Times are RFC 3339. */
export interface Managed {
  id: string;
  revision: number;
  /** `config`: declared in the config file, and only to be read here. */
  managed: 'api' | 'config';
  created: string;
  updated: string;
}

export type Visibility = 'public' | 'unlisted' | 'private';

/** A stream of the catalogue; one that is on air without having been set up has no `id`. */
export interface ManagedStream extends Stream, Partial<Managed> {
  app?: string;
  visibility?: Visibility;
  playback_ids?: string[];
  disabled?: boolean;
}

export interface StreamPage {
  time: string;
  ingest: string;
  streams: ManagedStream[];
  next?: string;
}

/** A new stream, with what is shown once. */
export interface CreatedStream extends ManagedStream {
  key?: string;
  ingest_url: string;
  ingest_url_rtmps?: string;
  playback: Addresses;
}

export interface Use {
  at: string;
  address?: string;
  encoder?: string;
  protocol?: string;
}

export interface Key extends Managed {
  stream: string;
  label?: string;
  expires?: string;
  /** For one broadcast. */
  once: boolean;
  spent?: string;
  addresses?: string[];
  rehearsal: boolean;
  /** When it was first sent without TLS, for all on the way to read. */
  sent_plain?: string;
  /** It was made by age, and waits to be shown. */
  unseen?: boolean;
  last_use?: Use;
  /** The key itself, in the answer that makes it. */
  key?: string;
}

export interface Webhook extends Managed {
  url: string;
  label?: string;
  types?: string[];
  apps?: string[];
  disabled?: boolean;
  /** What its deliveries are signed with, in the answer that makes it. */
  secret?: string;
}

/** One change in the history of what people manage. */
export interface Change {
  sequence: number;
  kind: string;
  id: string;
  stream?: string;
  revision: number;
  action: 'created' | 'changed' | 'deleted';
  by: string;
  time: string;
  changes: { field: string; before: unknown; after: unknown }[];
}

/** A permission to watch, and the addresses with it in them. */
export interface Link {
  type: 'token' | 'link';
  expires: string;
  addresses: Addresses;
}

/** What came of trying a webhook out. */
export interface Tried {
  delivered: boolean;
  status?: number;
  problem?: string;
  seconds: number;
}

/** An event that could not be delivered. */
export interface DeadLetter {
  sequence: number;
  attempts: number;
  problem: string;
  died?: string;
  event: { type?: string; subject?: string; time?: string };
}
