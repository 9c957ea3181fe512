import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type LevelDetails } from 'hls.js';
import { qualityLabels, soundLabels } from './choices.ts';
import type { Choices, Engine, EngineEvents, Gone, Particulars } from './engine.ts';

const retry = {
  maxTimeToFirstByteMs: 8000,
  maxLoadTimeMs: 20_000,
  timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
  errorRetry: { maxNumRetry: 3, retryDelayMs: 500, maxRetryDelayMs: 2000 },
};

/** Faults that stay when one tries again. */
const unplayable = new Set([
  ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
  ErrorDetails.BUFFER_ADD_CODEC_ERROR,
]);

/** Plays HLS by Media Source Extensions. */
export class HlsEngine implements Engine {
  #hls: Hls;
  #video: HTMLVideoElement;
  #events: EngineEvents;
  #details: LevelDetails | undefined;
  #mended = false;
  #quality = -1;
  #received = 0;

  constructor(video: HTMLVideoElement, path: string, events: EngineEvents) {
    this.#video = video;
    this.#events = events;
    this.#hls = new Hls({
      // CMAF passes through nearly untouched: a worker would cost a start-up and win nothing.
      enableWorker: false,
      // As far behind the edge as the playlist says that its parts bear; each stall widens it, by up to one segment.
      lowLatencyMode: true,
      liveSyncOnStallIncrease: 0.25,
      // Lag is made good by playing faster, gently enough not to be heard.
      maxLiveSyncPlaybackRate: 1.1,
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
    // Parts as well as segments.
    this.#hls.on(Events.FRAG_LOADED, (_, { payload }) => {
      this.#received += payload.byteLength;
    });
    video.addEventListener('ended', this.#ended);
    this.#hls.loadSource(new URL(`${path}/index.m3u8`, location.href).href);
    this.#hls.attachMedia(video);
  }

  delay(serverNow: number | undefined): number | undefined {
    const arrived = this.#hls.playingDate?.getTime();
    return arrived && serverNow ? Math.max(0, serverNow - arrived) : undefined;
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

  particulars(): Particulars {
    const { levels, currentLevel, audioTracks, audioTrack } = this.#hls;
    const level = levels[currentLevel];
    const codecs = [level?.videoCodec, audioTracks[audioTrack]?.audioCodec ?? level?.audioCodec];
    return { received: this.#received, codecs: codecs.filter(Boolean).join(', ') };
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
    if (!before) this.#aim(details);
    // An ended playlist stays for a while. Who comes then is not shown the last seconds as if they were live.
    if (!before && !details.live) this.#events.gone('ended');
    // Numbers that go back belong to another broadcast, or to a server that was restarted.
    if (before && details.endSN < before.endSN) this.#events.gone('lost');
  }

  /** Says where hls.js gives up playing faster and jumps. */
  #aim({ partTarget, partHoldBack, targetduration }: LevelDetails): void {
    if (partTarget) {
      // It plays faster up to here. With a later jump, a lag in between would stay.
      this.#hls.config.liveMaxLatencyDuration = 2 * partHoldBack + targetduration;
      return;
    }
    // Two segments behind the edge is as near as segments of whole seconds bear.
    this.#hls.targetLatency = 2 * targetduration;
    this.#hls.config.liveMaxLatencyDuration = 5 * targetduration;
  }

  #fail(data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && !this.#mended) {
      this.#mended = true;
      this.#hls.recoverMediaError();
      return;
    }
    let why: Gone = data.response?.code === 404 ? 'absent' : 'lost';
    if (unplayable.has(data.details)) why = 'unplayable';
    this.#events.gone(why);
  }
}
