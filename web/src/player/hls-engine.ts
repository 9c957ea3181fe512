import Hls, { ErrorTypes, Events, type ErrorData, type LevelDetails } from 'hls.js';
import { qualityLabels, soundLabels } from './choices.ts';
import type { Choices, Engine, EngineEvents } from './engine.ts';

const retry = {
  maxTimeToFirstByteMs: 8000,
  maxLoadTimeMs: 20_000,
  timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
  errorRetry: { maxNumRetry: 3, retryDelayMs: 500, maxRetryDelayMs: 2000 },
};

/** Plays HLS by Media Source Extensions. */
export class HlsEngine implements Engine {
  #hls: Hls;
  #video: HTMLVideoElement;
  #events: EngineEvents;
  #details: LevelDetails | undefined;
  #mended = false;
  #quality = -1;

  static isSupported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, url: string, events: EngineEvents) {
    this.#video = video;
    this.#events = events;
    this.#hls = new Hls({
      // CMAF passes through nearly untouched: a worker would cost a start-up and win nothing.
      enableWorker: false,
      // Two segments behind the edge is as near as segments of whole seconds bear; a stall widens it by up to one.
      liveSyncDurationCount: 2,
      // Lag is made good by playing faster, gently enough not to be heard; beyond five segments by a jump.
      maxLiveSyncPlaybackRate: 1.1,
      liveMaxLatencyDurationCount: 5,
      backBufferLength: 10,
      maxBufferLength: 20,
      // No try of its own: a stream that is not there is the player's to wait for.
      manifestLoadPolicy: { default: { ...retry, errorRetry: null, timeoutRetry: null } },
      playlistLoadPolicy: { default: retry },
      fragLoadPolicy: { default: retry },
    });
    this.#hls.on(Events.MANIFEST_PARSED, () => events.ready());
    this.#hls.on(Events.LEVEL_LOADED, (_, { details }) => this.#follow(details));
    this.#hls.on(Events.ERROR, (_, data) => this.#fail(data));
    video.addEventListener('ended', this.#ended);
    this.#hls.loadSource(url);
    this.#hls.attachMedia(video);
  }

  arrival(): number | undefined {
    return this.#hls.playingDate?.getTime();
  }

  hasMore(): boolean {
    return !!this.#details && this.#details.edge > this.#video.currentTime + 1;
  }

  choices(): Choices {
    const { levels, audioTracks } = this.#hls;
    return {
      qualities: qualityLabels(levels).map((label, id) => ({ id, label })),
      quality: this.#quality,
      shown: this.#hls.currentLevel,
      sounds: soundLabels(audioTracks).map((label, at) => ({ id: audioTracks[at]!.id, label })),
      sound: this.#hls.audioTrack,
    };
  }

  chooseQuality(id: number): void {
    this.#quality = id;
    this.#hls.nextLevel = id;
  }

  chooseSound(id: number): void {
    this.#hls.audioTrack = id;
  }

  seekLive(): void {
    const position = this.#hls.liveSyncPosition;
    if (position) this.#video.currentTime = position;
  }

  rest(): void {
    this.#hls.stopLoad();
  }

  destroy(): void {
    this.#video.removeEventListener('ended', this.#ended);
    this.#hls.destroy();
  }

  #ended = () => this.#events.gone('ended');

  #follow(details: LevelDetails): void {
    const before = this.#details;
    this.#details = details;
    // An ended playlist stays for a while. Who comes then is not shown the last seconds as if they were live.
    if (!before && !details.live) this.#events.gone('ended');
    // Numbers that go back belong to another broadcast, or to a server that was restarted.
    if (before && details.endSN < before.endSN) this.#events.gone('lost');
  }

  #fail(data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && !this.#mended) {
      this.#mended = true;
      this.#hls.recoverMediaError();
      return;
    }
    this.#events.gone(data.response?.code === 404 ? 'absent' : 'lost');
  }
}
