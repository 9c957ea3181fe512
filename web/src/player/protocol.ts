/** A way from the server to the screen. */
export type Protocol = 'hls' | 'dash' | 'flv';

/** What to call them where viewers choose. */
export const protocolLabels: Record<Protocol, string> = { hls: 'Low-latency HLS', dash: 'DASH', flv: 'HTTP-FLV' };

/** What a stream is coded in, by the names that the API has; undefined where there is none, or none is known. */
export interface Codecs {
  video?: string | undefined;
  audio?: string | undefined;
}

/** What a browser can do. */
export interface Means {
  /** HLS by the browser itself. */
  native: boolean;
  /** Media Source Extensions, or Apple's managed ones. */
  mse: boolean;
  /** Whether those decode a type; the types of `codecTypes` alone are asked for. */
  decodes: (type: string) => boolean;
}

/** A type to ask a browser for, of each codec: of a profile and level that whoever knows the codec will decode. */
const codecTypes: Record<string, string> = {
  'H.264': 'video/mp4; codecs="avc1.4d401f"',
  HEVC: 'video/mp4; codecs="hvc1.1.6.L93.B0"',
  AV1: 'video/mp4; codecs="av01.0.04M.08"',
  VP8: 'video/mp4; codecs="vp08.00.10.08"',
  VP9: 'video/mp4; codecs="vp09.00.10.08"',
  AAC: 'audio/mp4; codecs="mp4a.40.2"',
  MP3: 'audio/mpeg',
  Opus: 'audio/mp4; codecs="opus"',
  FLAC: 'audio/mp4; codecs="flac"',
  'AC-3': 'audio/mp4; codecs="ac-3"',
  'E-AC-3': 'audio/mp4; codecs="ec-3"',
};

/** What mpegts.js reads of FLV. */
const inFLV = ['H.264', 'HEVC', 'AV1', 'AAC', 'MP3', 'Opus'];

/**
 * The protocols that bring a stream to the screen, the best first: HLS has all tracks and qualities and is about a
 * second behind, DASH has the same some seconds later. HTTP-FLV is the quickest, but a connection that is too slow for it
 * has nothing to fall back on: that is for the viewer to choose.
 */
export function playable(codecs: Codecs, means: Means): Protocol[] {
  const named = [codecs.video, codecs.audio].filter((codec) => codec !== undefined);
  const decoded = named.every((codec) => codecTypes[codec] !== undefined && means.decodes(codecTypes[codec]!));
  const protocols: Protocol[] = [];
  // What a browser's own player decodes it tells when it tries.
  if (means.native || (means.mse && decoded)) protocols.push('hls');
  if (means.mse && decoded) protocols.push('dash');
  if (means.mse && decoded && named.every((codec) => inFLV.includes(codec))) protocols.push('flv');
  return protocols;
}

interface Managed {
  ManagedMediaSource?: typeof MediaSource;
}

/** The Media Source Extensions of this browser: iPhones have the managed ones alone. */
export function mediaSource(): typeof MediaSource | undefined {
  return globalThis.MediaSource ?? (globalThis as Managed).ManagedMediaSource;
}

/** What this browser can do. */
export function means(native: boolean): Means {
  const source = mediaSource();
  return { native, mse: source !== undefined, decodes: (type) => source?.isTypeSupported(type) ?? false };
}
