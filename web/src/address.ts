import type { Addresses } from './api.ts';

/** Where a page was opened, as `window.location` tells it. */
export interface Place {
  origin: string;
  hostname: string;
  pathname: string;
}

/** The stream's path of a page's address, still percent-encoded: `/embed/live/cam%201/` gives `live/cam%201`. */
export function streamPath(pathname: string): string {
  return pathname.replace(/^\/+/, '').replace(/^embed\//, '').replace(/\/+$/, '');
}

/** The stream's name for people to read: the decoded path. */
export function streamName(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The address under which encoders send to an app, when the server has not said another. */
export function ingestAddress(place: Place): string {
  return `rtmp://${place.hostname}/live`;
}

/**
 * A stream's addresses, seen from where the page was opened. They serve while the stream is not on air and the server
 * has none to tell; RTMP's port is then taken to be the usual one.
 */
export function addressesFrom(place: Place): Addresses {
  const path = streamPath(place.pathname);
  return {
    page: `${place.origin}/${path}`,
    embed: `${place.origin}/embed/${path}`,
    hls: `${place.origin}/${path}/index.m3u8`,
    dash: `${place.origin}/${path}/manifest.mpd`,
    flv: `${place.origin}/${path}.flv`,
    ts: `${place.origin}/${path}.ts`,
    rtmp: `rtmp://${place.hostname}/${path}`,
    poster: `${place.origin}/${path}.jpg`,
  };
}

/** The HTML that puts the player into another page. */
export function embedCode(address: string): string {
  const escaped = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return `<iframe src="${escaped}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}
