import type { Choices, Engine, EngineEvents } from './engine.ts';

/** Safari's own player: it knows when each frame was dated, which the standard's element does not tell. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?(): Date;
}

/** Plays HLS by the browser itself: Safari, where it saves power and plays to AirPlay. */
export class NativeEngine implements Engine {
  #video: DatedVideo;
  #events: EngineEvents;

  static isSupported(video: HTMLVideoElement): boolean {
    // Other browsers answer 'maybe' as well and play live streams worse than hls.js does.
    return navigator.vendor.startsWith('Apple') && video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  constructor(video: HTMLVideoElement, url: string, events: EngineEvents) {
    this.#video = video;
    this.#events = events;
    video.addEventListener('loadedmetadata', this.#ready);
    video.addEventListener('ended', this.#ended);
    video.addEventListener('error', this.#error);
    video.src = url;
    video.load();
  }

  arrival(): number | undefined {
    const start = this.#video.getStartDate?.().getTime();
    return start && Number.isFinite(start) ? start + this.#video.currentTime * 1000 : undefined;
  }

  hasMore(): boolean {
    return this.#edge() > this.#video.currentTime + 1;
  }

  choices(): Choices | undefined {
    return undefined;
  }

  chooseQuality(): void {}

  chooseSound(): void {}

  seekLive(): void {
    const edge = this.#edge();
    if (edge > 0) this.#video.currentTime = edge;
  }

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

  #edge(): number {
    const { seekable } = this.#video;
    return seekable.length ? seekable.end(seekable.length - 1) : 0;
  }

  // A finite duration means that the playlist was closed before we came.
  #ready = () => (Number.isFinite(this.#video.duration) ? this.#events.gone('ended') : this.#events.ready());
  #ended = () => this.#events.gone('ended');
  // The element does not tell a missing playlist from a broken one; the probe that follows does.
  #error = () => this.#events.gone('lost');
}
