import mpegts from 'mpegts.js';
import { withPass } from '../pass.ts';
import { Arrivals } from './arrivals.ts';
import { type Engine, type EngineEvents, type Gone, goneBy, type Opening, type Particulars } from './engine.ts';
import { pace, rangesOf } from './pace.ts';

/** How often it looks at its distance from live, in ms. */
const interval = 100;

/** What is kept in store, in seconds: at first, what each stall adds to it and calm takes away again, and at most. */
const store = { first: 0.35, step: 0.2, most: 3 };

/** So many ms without a stall are calm. */
const calm = 10_000;

/** A connection without a byte for so many ms has gone silent: its server, or the way to it, may be no more. */
const silence = 4000;

/** Plays HTTP-FLV by Media Source Extensions: one connection that never ends, and the least delay. */
export class FlvEngine implements Engine {
  #player: mpegts.Player;
  #video: HTMLVideoElement;
  #events: EngineEvents;
  #arrivals = new Arrivals();
  #timer: ReturnType<typeof setInterval>;
  #stop = new AbortController();
  #target = store.first;
  #calmSince = 0;
  #end = 0;
  #grewAt = performance.now();
  #received = 0;
  #complete = false;

  constructor(video: HTMLVideoElement, { path, pass }: Opening, events: EngineEvents) {
    this.#video = video;
    this.#events = events;
    mpegts.LoggingControl.enableAll = false;
    this.#player = mpegts.createPlayer(
      { type: 'flv', isLive: true, url: new URL(withPass(`${path}.flv`, pass), location.href).href },
      {
        isLive: true,
        // Bytes are passed on as they come, and the connection is read all the time.
        enableStashBuffer: false,
        lazyLoad: false,
        deferLoadAfterSourceOpen: false,
        autoCleanupSourceBuffer: true,
        autoCleanupMaxBackwardDuration: 30,
        autoCleanupMinBackwardDuration: 10,
        // The server has mended the timeline. What gaps it left are in the sound and the picture alike.
        fixAudioTimestampGap: false,
      },
    );
    const { Events } = mpegts;
    this.#player.on(Events.MEDIA_INFO, () => events.ready());
    this.#player.on(Events.LOADING_COMPLETE, () => {
      this.#complete = true;
      events.gone('ended');
    });
    this.#player.on(Events.ERROR, (type: string, detail: string, info?: { code?: number }) => this.#fail(type, detail, info));
    this.#player.on(Events.STATISTICS_INFO, ({ speed }: { speed?: number }) => {
      // KB/s over the time since the last report, which is one of 600 ms.
      this.#received += (speed ?? 0) * 1024 * 0.6;
    });
    this.#player.attachMediaElement(video);
    this.#player.load();
    const { signal } = this.#stop;
    video.addEventListener('waiting', () => this.#stalled(), { signal });
    // A connection of the network before would stay silent for ever.
    addEventListener('online', () => events.gone('lost'), { signal });
    this.#timer = setInterval(() => this.#keepUp(), interval);
  }

  delay(): number | undefined {
    return this.#arrivals.age(performance.now(), this.#video.currentTime * 1000);
  }

  hasMore(): boolean {
    return performance.now() - this.#grewAt > silence || this.#end > this.#video.currentTime + 1;
  }

  choices(): undefined {
    return undefined;
  }

  chooseQuality(): void {}

  chooseSound(): void {}

  particulars(): Particulars {
    const { videoCodec, audioCodec } = this.#player.mediaInfo as mpegts.MSEPlayerMediaInfo;
    return { received: this.#received, codecs: [videoCodec, audioCodec].filter(Boolean).join(', ') };
  }

  seekLive(): void {
    const last = rangesOf(this.#video.buffered).at(-1);
    if (last) this.#video.currentTime = Math.max(last[0], last[1] - this.#target);
  }

  shift(): undefined {
    return undefined;
  }

  seekTo(): void {}

  follow(): void {}

  rest(): void {
    this.#halt();
    // This takes what is in store away: it is for connections that would go on.
    if (!this.#complete) this.#player.unload();
  }

  destroy(): void {
    this.#halt();
    this.#video.playbackRate = 1;
    this.#player.destroy();
  }

  #halt(): void {
    this.#stop.abort();
    clearInterval(this.#timer);
  }

  #keepUp(): void {
    const video = this.#video;
    const ranges = rangesOf(video.buffered);
    const end = ranges.at(-1)?.[1] ?? 0;
    const now = performance.now();
    if (end !== this.#end) {
      this.#end = end;
      this.#grewAt = now;
      this.#arrivals.observe(now, end * 1000);
    }
    if (video.paused || video.seeking || video.readyState < HTMLMediaElement.HAVE_METADATA) return;
    if (this.#target > store.first && now - this.#calmSince > calm) {
      this.#target = Math.max(store.first, this.#target - store.step);
      this.#calmSince = now;
    }
    const next = pace(ranges, video.currentTime, this.#target, video.playbackRate);
    if ('jumpTo' in next) video.currentTime = next.jumpTo;
    else if (video.playbackRate !== next.rate) video.playbackRate = next.rate;
  }

  /** A store that ran dry was too small. */
  #stalled(): void {
    if (this.#video.seeking || !this.#end || this.#video.currentTime < 1) return;
    this.#target = Math.min(store.most, this.#target + store.step);
    this.#calmSince = performance.now();
  }

  #fail(type: string, detail: string, info?: { code?: number }): void {
    const { ErrorTypes, ErrorDetails } = mpegts;
    let why: Gone = 'lost';
    if (type === ErrorTypes.NETWORK_ERROR) why = goneBy(info?.code);
    if (detail === ErrorDetails.MEDIA_CODEC_UNSUPPORTED || detail === ErrorDetails.MEDIA_FORMAT_UNSUPPORTED) why = 'unplayable';
    this.#events.gone(why);
  }
}
