import type { EncoderClock } from './delay.ts';

/** The JSON of `GET /api/v1/streams`, as far as the pages read it. Bit rates are in bit/s, times are RFC 3339. */
export interface StreamList {
  time: string;
  streams: Stream[];
  /** What encoders are to send to, `rtmp://HOST:PORT/live`, where the server tells it. */
  ingest?: string;
}

export interface Stream {
  /** The server's clock when it answered. */
  time?: string;
  name: string;
  /** What people call it. */
  title?: string;
  /** `waiting`: nobody has sent yet, but players have asked for it; `idle`: nobody sends what was set up. */
  state: 'live' | 'reconnecting' | 'waiting' | 'idle';
  /** When the broadcast began; of a stream that players wait for, when the first one came. */
  since?: string;
  video?: Video | null;
  audio?: Audio | null;
  /** All tracks, the default ones among them. */
  tracks?: Track[];
  /** What the players of a protocol cannot be given. */
  unplayable?: Unplayable[];
  bitrate?: number;
  bytes_in?: number;
  bytes_out?: number;
  viewers?: Record<string, number>;
  viewers_total?: number;
  /** Players that wait for the broadcast to begin. */
  waiting_total?: number;
  publisher?: Publisher | null;
  addresses?: Partial<Addresses>;
  /** What the encoder's own clock said last. */
  encoder_clock?: EncoderClock | null;
  /** What players can go back to. */
  time_shift?: TimeShift | null;
}

export interface TimeShift {
  /** What is kept at most, and what there is, in s. */
  window: number;
  available: number;
  oldest?: string;
}

/** Whether somebody sends it, or did until a moment ago and is waited for. */
export function isOnAir(stream: Stream): boolean {
  return stream.state === 'live' || stream.state === 'reconnecting';
}

export interface Track {
  kind: 'video' | 'audio';
  id: number;
  /** What players get that take one track of each kind. */
  default?: boolean;
  name?: string;
  language?: string;
  video?: Video;
  audio?: Audio;
}

export interface Unplayable {
  protocol: string;
  kind: string;
  track: number;
  reason: string;
}

export interface Video {
  codec: string;
  profile?: string;
  level?: string;
  width?: number;
  height?: number;
  frame_rate?: number;
  /** SDR, HLG or PQ. */
  range?: string;
  bitrate?: number;
  /** Seconds between key frames. */
  keyframe_interval?: number;
}

export interface Audio {
  codec: string;
  sample_rate?: number;
  channels?: number;
  /** What people call the channels: stereo, 5.1. */
  layout?: string;
  bitrate?: number;
}

export interface Publisher {
  protocol?: string;
  encoder?: string;
  address?: string;
}

export interface Addresses {
  page: string;
  embed: string;
  hls: string;
  dash: string;
  flv: string;
  ts: string;
  rtmp: string;
  rtmps?: string;
  poster: string;
}

/** What a request gave. */
export interface Answer<T> {
  /** Undefined when there is no such thing, or not for whoever asks (401, 403, 404). */
  body: T | undefined;
  /** When it was asked for and received, by the local clock, and the server's clock in between; all in ms. */
  sent: number;
  received: number;
  server: number;
}

/** Gets JSON from this server. It throws when the server is out of reach or does not answer sensibly. */
export async function getJSON<T extends { time?: string }>(path: string): Promise<Answer<T>> {
  const sent = Date.now();
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
  const received = Date.now();
  if (!response.ok && ![401, 403, 404].includes(response.status)) throw new Error(`${path} answered ${response.status}`);
  const body = response.ok ? ((await response.json()) as T) : undefined;
  // The header has whole seconds only: its middle is the best guess.
  const server = body?.time ? Date.parse(body.time) : Date.parse(response.headers.get('Date') ?? '') + 500;
  return { body, sent, received, server };
}
