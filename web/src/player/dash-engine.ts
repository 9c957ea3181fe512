import shaka from 'shaka-player/dist/shaka-player.dash-es2021.js';
import { withPass } from '../pass.ts';
import { qualityLabels, soundLabels } from './choices.ts';
import { type Choices, type Engine, type EngineEvents, type Gone, goneBy, type Opening, type Particulars } from './engine.ts';
import { type Shift, startQuery } from './shift.ts';

const retry = { maxAttempts: 4, baseDelay: 500, backoffFactor: 1.6, fuzzFactor: 0.2, timeout: 10_000 };

/** Plays DASH by Media Source Extensions. */
export class DashEngine implements Engine {
  #player = new shaka.Player();
  #video: HTMLVideoElement;
  #events: EngineEvents;
  #stop = new AbortController();
  /** When the timeline begins, in ms: another one belongs to another broadcast. */
  #zero: number | undefined;
  #adaptive = true;
  #start: number | undefined;

  constructor(video: HTMLVideoElement, { path, pass, session, start }: Opening, events: EngineEvents) {
    this.#video = video;
    this.#start = start;
    this.#events = events;
    shaka.polyfill.installAll();
    this.#player.configure({
      // In headers, which caches do not tell answers apart by.
      cmcd: { enabled: true, sessionId: session, contentId: path.slice(1), useHeaders: true },
      streaming: {
        lowLatencyMode: true,
        // Starts with what there is: a live stream has no more.
        rebufferingGoal: 0.1,
        bufferingGoal: 20,
        bufferBehind: 10,
        retryParameters: retry,
        // Where to be is for the manifest to say; lag is made good by playing faster, gently enough not to be heard.
        liveSync: { enabled: start === undefined, maxPlaybackRate: 1.1, minPlaybackRate: 0.96 },
      },
      // No try of its own: a stream that is not there is the player's to wait for.
      manifest: { retryParameters: { ...retry, maxAttempts: 2 }, raiseFatalErrorOnManifestUpdateRequestFailure: true },
    });
    this.#player.addEventListener('error', (event: Event) => this.#fail((event as unknown as { detail: shaka.util.Error }).detail));
    this.#player.addEventListener('manifestupdated', () => this.#follow());
    video.addEventListener('ended', () => events.gone('ended'), { signal: this.#stop.signal });
    void this.#load(new URL(withPass(`${path}/manifest.mpd${startQuery(start)}`, pass), location.href).href);
  }

  delay(serverNow: number | undefined): number | undefined {
    if (!serverNow || this.#zero === undefined) return undefined;
    const arrived = this.#player.getPlayheadTimeAsDate()?.getTime();
    return arrived ? Math.max(0, serverNow - arrived) : undefined;
  }

  hasMore(): boolean {
    return this.#zero !== undefined && this.#player.seekRange().end > this.#video.currentTime + 1;
  }

  choices(): Choices {
    const pictures = this.#pictures();
    const sounds = this.#player.getAudioTracks();
    const shown = pictures.findIndex(({ active }) => active);
    const labels = soundLabels(
      sounds.map(({ label, language }) => ({ name: label ?? '', lang: language === 'und' ? undefined : language })),
    );
    return {
      qualities: qualityLabels(pictures.map(qualityOf)).map((label, id) => ({ id, label })),
      quality: this.#adaptive ? -1 : shown,
      shown,
      sounds: labels.map((label, id) => ({ id, label })),
      sound: sounds.findIndex(({ active }) => active),
    };
  }

  chooseQuality(id: number): void {
    const picture = this.#pictures()[id];
    this.#adaptive = !picture;
    this.#player.configure({ abr: { enabled: !picture } });
    if (picture) this.#player.selectVideoTrack(picture);
  }

  chooseSound(id: number): void {
    const sound = this.#player.getAudioTracks()[id];
    if (sound) this.#player.selectAudioTrack(sound);
  }

  particulars(): Particulars {
    const { bytesDownloaded, currentCodecs } = this.#player.getStats();
    // Not a number until something has come, and one such sample would spoil the rate for seconds.
    return { received: bytesDownloaded || 0, codecs: currentCodecs };
  }

  seekLive(): void {
    this.#player.goToLive();
  }

  shift(): Shift | undefined {
    const zero = this.#zero;
    if (zero === undefined) return undefined;
    const { start, end } = this.#player.seekRange();
    return { from: zero + start * 1000, to: zero + end * 1000, at: zero + this.#video.currentTime * 1000 };
  }

  seekTo(date: number): void {
    if (this.#zero === undefined) return;
    const { start, end } = this.#player.seekRange();
    this.#video.currentTime = Math.min(end, Math.max(start, (date - this.#zero) / 1000));
  }

  follow(live: boolean): void {
    this.#player.configure({ streaming: { liveSync: { enabled: live } } });
    if (!live) this.#video.playbackRate = 1;
  }

  rest(): void {
    this.#stop.abort();
    // It has no way to stop loading but this: what is in store plays on.
    this.#player.configure({ streaming: { bufferingGoal: 0 } });
  }

  async destroy(): Promise<void> {
    this.#stop.abort();
    await this.#player.destroy();
  }

  async #load(url: string): Promise<void> {
    try {
      await this.#player.attach(this.#video);
      await this.#player.load(url);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#fail(error as shaka.util.Error);
      return;
    }
    if (this.#stop.signal.aborted) return;
    // An ended manifest stays for a while. Who comes then is not shown the last seconds as if they were live.
    if (!this.#player.isLive() && this.#start === undefined) return this.#events.gone('ended');
    this.#follow();
    if (this.#start !== undefined) this.seekTo(this.#start);
    this.#events.ready();
  }

  #follow(): void {
    const zero = this.#player.getPresentationStartTimeAsDate()?.getTime();
    if (this.#stop.signal.aborted || zero === undefined) return;
    if (this.#zero !== undefined && Math.abs(zero - this.#zero) > 1000) return this.#events.gone('lost');
    this.#zero = zero;
  }

  /** The best first, as in HLS. */
  #pictures(): shaka.extern.VideoTrack[] {
    return this.#player.getVideoTracks().sort((a, b) => b.bandwidth - a.bandwidth);
  }

  #fail({ severity, category, code, data }: shaka.util.Error): void {
    const { Severity, Category, Code } = shaka.util.Error;
    if (severity !== Severity.CRITICAL || code === Code.LOAD_INTERRUPTED || this.#stop.signal.aborted) return;
    let why: Gone = 'lost';
    if (code === Code.BAD_HTTP_STATUS) why = goneBy(data[1] as number);
    // A file that has gone while it played is no sign that the stream has.
    if (why === 'absent' && this.#zero !== undefined) why = 'lost';
    if (category === Category.MANIFEST && code !== Code.NO_VARIANTS) why = 'unplayable';
    this.#events.gone(why);
  }
}

function qualityOf({ width, height, bandwidth }: shaka.extern.VideoTrack) {
  return { width: width ?? 0, height: height ?? 0, bitrate: bandwidth };
}
