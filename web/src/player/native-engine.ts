import { withPass } from '../pass.ts';
import type { Engine, EngineEvents, Opening, Particulars } from './engine.ts';
import { type Shift, startQuery } from './shift.ts';

/** Safari's own player: it knows when each frame was dated, which the standard's element does not tell. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?(): Date;
}

/** Plays HLS by the browser itself: Safari, where it saves power and plays to AirPlay. */
export class NativeEngine implements Engine {
  #video: DatedVideo;
  #events: EngineEvents;
  #start: number | undefined;

  static isSupported(video: HTMLVideoElement): boolean {
    // Other browsers answer 'maybe' as well and play live streams worse than hls.js does.
    return navigator.vendor.startsWith('Apple') && video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  constructor(video: HTMLVideoElement, { path, pass, start }: Opening, events: EngineEvents) {
    this.#video = video;
    this.#start = start;
    this.#events = events;
    video.addEventListener('loadedmetadata', this.#ready);
    video.addEventListener('ended', this.#ended);
    video.addEventListener('error', this.#error);
    video.src = new URL(withPass(`${path}/index.m3u8${startQuery(start)}`, pass), location.href).href;
    video.load();
  }

  delay(serverNow: number | undefined): number | undefined {
    const zero = this.#zero();
    return zero && serverNow ? Math.max(0, serverNow - zero - this.#video.currentTime * 1000) : undefined;
  }

  hasMore(): boolean {
    return this.#edge() > this.#video.currentTime + 1;
  }

  choices(): undefined {
    return undefined;
  }

  chooseQuality(): void {}

  chooseSound(): void {}

  particulars(): Particulars {
    return {};
  }

  seekLive(): void {
    const edge = this.#edge();
    if (edge > 0) this.#video.currentTime = edge;
  }

  shift(): Shift | undefined {
    const zero = this.#zero();
    const { seekable, currentTime } = this.#video;
    if (!zero || !seekable.length) return undefined;
    return { from: zero + seekable.start(0) * 1000, to: zero + this.#edge() * 1000, at: zero + currentTime * 1000 };
  }

  seekTo(date: number): void {
    const zero = this.#zero();
    if (zero) this.#video.currentTime = (date - zero) / 1000;
  }

  follow(): void {} // it stays where it was put

  rest(): void {
    this.#video.pause();
  }

  destroy(): void {
    this.#video.removeEventListener('loadedmetadata', this.#ready);
    this.#video.removeEventListener('ended', this.#ended);
    this.#video.removeEventListener('error', this.#error);
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  /** When its time 0 arrived at the server; a date that is not known is NaN. */
  #zero(): number | undefined {
    return this.#video.getStartDate?.().getTime() || undefined;
  }

  #edge(): number {
    const { seekable } = this.#video;
    return seekable.length ? seekable.end(seekable.length - 1) : 0;
  }

  // A finite duration means that the playlist was closed before we came.
  #ready = () => {
    if (Number.isFinite(this.#video.duration) && this.#start === undefined) this.#events.gone('ended');
    else this.#events.ready();
  };
  #ended = () => this.#events.gone('ended');
  // The element does not tell a missing playlist from a broken one; the probe that follows does.
  #error = () => this.#events.gone('lost');
}
