import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type LevelDetails } from 'hls.js';
import { withPass } from '../pass.ts';
import { qualityLabels, soundLabels } from './choices.ts';
import { type Choices, type Engine, type EngineEvents, type Gone, goneBy, type Opening, type Particulars } from './engine.ts';
import { dateAt, positionAt, type Shift, startQuery, type Stretch } from './shift.ts';

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

/** Not heard on speech, and noticed by few on music. */
const faster = 1.1;

/** What each stall adds to the distance from live, in s, and calm takes away again. It is at most one segment. */
const step = 0.25;

/** So many ms without a stall are calm. */
const calm = 10_000;

/** The start of a list that moves on: what begins there is gone before it is loaded. In s. */
const vanishing = 4;

/** Plays HLS by Media Source Extensions. */
export class HlsEngine implements Engine {
  #hls: Hls;
  #video: HTMLVideoElement;
  #events: EngineEvents;
  #details: LevelDetails | undefined;
  #mended = false;
  #quality = -1;
  #received = 0;
  #start: number | undefined;
  #live: boolean;
  /** Where hls.js gives up keeping up and jumps to live, in s behind. */
  #farthest = Infinity;
  /** How far behind the edge the playlist bears to be, in s, and what stalls have added to it. */
  #distance = 0;
  #margin = 0;
  #calmSince = 0;

  constructor(video: HTMLVideoElement, { path, pass, session, start }: Opening, events: EngineEvents) {
    this.#video = video;
    this.#start = start;
    this.#live = start === undefined;
    this.#events = events;
    this.#hls = new Hls({
      // CMAF passes through nearly untouched: a worker would cost a start-up and win nothing.
      enableWorker: false,
      lowLatencyMode: true,
      // It would keep the distance that one stall made for ever: that is ours to widen and to narrow.
      liveSyncOnStallIncrease: 0,
      // Lag is made good by playing faster, gently enough not to be heard.
      maxLiveSyncPlaybackRate: faster,
      backBufferLength: 10,
      maxBufferLength: 20,
      // In headers, which caches do not tell answers apart by.
      cmcd: { sessionId: session, contentId: path.slice(1), useHeaders: true },
      // No try of its own: a stream that is not there is the player's to wait for.
      manifestLoadPolicy: { default: { ...retry, errorRetry: null, timeoutRetry: null } },
      playlistLoadPolicy: { default: retry },
      fragLoadPolicy: { default: retry },
    });
    this.follow(this.#live);
    this.#hls.on(Events.MANIFEST_PARSED, () => events.ready());
    this.#hls.on(Events.LEVEL_LOADED, (_, { details }) => this.#follow(details));
    this.#hls.on(Events.ERROR, (_, data) => this.#fail(data));
    // Parts as well as segments.
    this.#hls.on(Events.FRAG_LOADED, (_, { payload }) => {
      this.#received += payload.byteLength;
    });
    video.addEventListener('ended', this.#ended);
    this.#hls.loadSource(new URL(withPass(`${path}/index.m3u8${startQuery(start)}`, pass), location.href).href);
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

  shift(): Shift | undefined {
    const stretches = this.#stretches();
    const from = dateAt(stretches, this.#details?.fragmentStart ?? 0);
    const to = dateAt(stretches, this.#details?.edge ?? 0);
    const at = dateAt(stretches, this.#video.currentTime);
    return from === undefined || to === undefined || at === undefined ? undefined : { from, to, at };
  }

  seekTo(date: number): void {
    const position = positionAt(this.#stretches(), date);
    if (position === undefined || !this.#details) return;
    this.#video.currentTime = Math.max(position, this.#details.fragmentStart + (this.#details.live ? vanishing : 0));
  }

  follow(live: boolean): void {
    this.#live = live;
    this.#hls.config.liveMaxLatencyDuration = live ? this.#farthest : Infinity;
    this.#hls.config.maxLiveSyncPlaybackRate = live ? faster : 1;
    if (!live) this.#video.playbackRate = 1;
  }

  #stretches(): Stretch[] {
    return (this.#details?.fragments ?? []).flatMap(({ start, programDateTime }) =>
      programDateTime === null ? [] : [{ start, arrived: programDateTime }],
    );
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
    if (!before && !details.live && this.#start === undefined) this.#events.gone('ended');
    if (this.#margin > 0 && performance.now() - this.#calmSince > calm) this.#widen(-step);
    // Numbers that go back belong to another broadcast, or to a server that was restarted.
    if (before && details.endSN < before.endSN) this.#events.gone('lost');
  }

  /** Says how far behind live to be, and where hls.js gives up playing faster and jumps. */
  #aim({ partTarget, partHoldBack, targetduration }: LevelDetails): void {
    if (partTarget) {
      this.#distance = partHoldBack;
      // It plays faster up to here. With a later jump, a lag in between would stay.
      this.#farthest = 2 * partHoldBack + targetduration;
    } else {
      // Two segments behind the edge is as near as segments of whole seconds bear.
      this.#distance = 2 * targetduration;
      this.#farthest = 5 * targetduration;
    }
    this.#widen(0);
    this.follow(this.#live);
  }

  #widen(by: number): void {
    this.#margin = Math.min(this.#details?.targetduration ?? 0, Math.max(0, this.#margin + by));
    this.#calmSince = performance.now();
    this.#hls.targetLatency = this.#distance + this.#margin;
  }

  #fail(data: ErrorData): void {
    if (data.details === ErrorDetails.BUFFER_STALLED_ERROR && this.#details) this.#widen(step);
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && !this.#mended) {
      this.#mended = true;
      this.#hls.recoverMediaError();
      return;
    }
    let why: Gone = goneBy(data.response?.code);
    if (unplayable.has(data.details)) why = 'unplayable';
    this.#events.gone(why);
  }
}
