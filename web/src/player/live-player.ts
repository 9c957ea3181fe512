import { backoff } from '../backoff.ts';
import type { Choice, Choices, Engine, Gone } from './engine.ts';
import { HlsEngine } from './hls-engine.ts';
import { NativeEngine } from './native-engine.ts';
import type { Phase } from './notice.ts';
import { loadPreferences, savePreferences } from './preferences.ts';
import { probe } from './probe.ts';

/** All that the page shows of a player; a new object whenever something in it changed. */
export interface Snapshot {
  phase: Phase;
  hasPlayed: boolean;
  /** How long playback has stood still for want of media, in ms. */
  stalledFor: number;
  paused: boolean;
  muted: boolean;
  volume: number;
  /** The browser let it start without sound only. */
  soundBlocked: boolean;
  /** The browser lets nothing start without a click. */
  needsClick: boolean;
  hasPicture: boolean;
  /** Playing faster to come nearer to live. */
  catchingUp: boolean;
  /** Server time at which the frame on show arrived there, in ms. */
  arrival?: number;
  choices?: Choices;
}

/** How often the player looks after itself, in ms. */
const tick = 500;

/** A stall of this many ms, with media listed that would end it, calls for a new engine. */
const stuckAfter = 8000;

/** An engine that has shown nothing for this many ms after it was made will not. */
const openingTakes = 15_000;

/** Play that goes on for this many ms has got over its trouble: the back-off starts from its beginning again. */
const settledAfter = 10_000;

/**
 * Keeps one live stream on the screen for as long as the page is open: starts by itself, and comes back from whatever
 * happened through a single way: engine gone, ask the playlists until they are live, make a new engine.
 */
export class LivePlayer {
  #video: HTMLVideoElement;
  #url: string;
  #changed: (snapshot: Snapshot) => void;
  #engine: Engine | undefined;
  #retired: Engine | undefined;
  #phase: Phase = 'loading';
  #hasPlayed = false;
  #wantsPlay = true;
  #soundBlocked = false;
  #needsClick = false;
  #position = 0;
  #movedAt = 0;
  #openedAt = 0;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #probing = false;
  #stop = new AbortController();
  // What the viewer chose, by name: another broadcast, or the next engine, may number it otherwise.
  #quality = '';
  #sound = '';

  constructor(video: HTMLVideoElement, url: string, changed: (snapshot: Snapshot) => void) {
    this.#video = video;
    this.#url = new URL(url, location.href).href;
    this.#changed = changed;
    Object.assign(video, loadPreferences());

    const { signal } = this.#stop;
    for (const event of ['playing', 'pause', 'volumechange', 'resize', 'ratechange', 'emptied']) {
      video.addEventListener(event, () => this.#publish(), { signal });
    }
    // Headphones unplugged, media keys, picture-in-picture: the browser pauses and plays as well as we do.
    video.addEventListener('pause', () => !video.ended && this.#phase === 'playing' && (this.#wantsPlay = false), { signal });
    video.addEventListener('play', () => (this.#wantsPlay = true), { signal });
    video.addEventListener('loadeddata', () => this.#loaded(), { signal });
    addEventListener('online', () => this.hurry(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry(), { signal });
    this.#ticker = setInterval(() => this.#tick(), tick);
    this.#open();
  }

  destroy(): void {
    this.#stop.abort();
    clearInterval(this.#ticker);
    clearTimeout(this.#retry);
    this.#retired?.destroy();
    this.#engine?.destroy();
    this.#engine = undefined;
  }

  /** Asks at once instead of when the back-off says: there is reason to think that the stream is there. */
  hurry(): void {
    if (this.#engine || this.#probing) return;
    clearTimeout(this.#retry);
    void this.#ask();
  }

  togglePlay(): void {
    if (this.#video.paused) this.play();
    else this.#video.pause();
  }

  /** Plays on at the live edge: what was missed during a pause is gone. */
  play(): void {
    this.#wantsPlay = true;
    this.#needsClick = false;
    if (this.#hasPlayed) this.#engine?.seekLive();
    void this.#start();
  }

  seekLive(): void {
    this.#engine?.seekLive();
    if (this.#video.paused) this.play();
  }

  setMuted(muted: boolean): void {
    this.#soundBlocked = false;
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    this.#remember();
  }

  setVolume(volume: number): void {
    this.#soundBlocked = false;
    this.#video.volume = volume;
    this.#video.muted = volume === 0;
    this.#remember();
  }

  chooseQuality(choice: Choice | undefined): void {
    this.#quality = choice?.label ?? '';
    this.#engine?.chooseQuality(choice?.id ?? -1);
    this.#publish();
  }

  chooseSound(choice: Choice): void {
    this.#sound = choice.label;
    this.#engine?.chooseSound(choice.id);
    this.#publish();
  }

  /** Has a new engine go on with what was chosen before. */
  #chooseAgain(): void {
    const choices = this.#engine?.choices();
    const quality = choices?.qualities.find(({ label }) => label === this.#quality);
    if (quality) this.#engine?.chooseQuality(quality.id);
    const sound = choices?.sounds.find(({ label }) => label === this.#sound);
    if (sound && sound.id !== choices?.sound) this.#engine?.chooseSound(sound.id);
  }

  #remember(): void {
    savePreferences({ volume: this.#video.volume, muted: this.#video.muted });
    this.#publish();
  }

  #open(): void {
    const ready = () => {
      this.#chooseAgain();
      void this.#start();
    };
    const events = { ready, gone: (why: Gone) => this.#gone(why) };
    const make = NativeEngine.isSupported(this.#video) || !HlsEngine.isSupported() ? NativeEngine : HlsEngine;
    this.#phase = 'loading';
    this.#position = 0;
    this.#movedAt = this.#openedAt = performance.now();
    this.#retired?.destroy();
    this.#retired = undefined;
    this.#engine = new make(this.#video, this.#url, events);
    this.#publish();
  }

  async #start(): Promise<void> {
    if (!this.#wantsPlay) return;
    try {
      await this.#video.play();
    } catch (error) {
      // AbortError: the source was changed under it, and the next engine asks again.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (!this.#video.muted) {
        this.#video.muted = true;
        this.#soundBlocked = true;
        return this.#start();
      }
      this.#needsClick = true;
    }
    this.#publish();
  }

  /**
   * The engine has given up. It is put to rest but not taken down before its successor is made, so that what it has
   * in store still plays, and its last picture stays on the screen.
   */
  #gone(why: Gone): void {
    if (!this.#engine) return;
    this.#engine.rest();
    // What came in with a playlist that had been closed before is not to be heard behind the notice.
    if (this.#phase === 'loading') this.#video.pause();
    this.#retired = this.#engine;
    this.#engine = undefined;
    // Another broadcast may follow at once, and a change of tracks ends a playlist as well: not worth a word then.
    if (why === 'ended') void this.#ask();
    else this.#leave(why);
  }

  #leave(why: Gone): void {
    this.#phase = why === 'absent' ? 'waiting' : why;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#ask(), backoff(this.#tries++));
    this.#publish();
  }

  async #ask(): Promise<void> {
    this.#probing = true;
    const found = await probe(this.#url);
    this.#probing = false;
    if (this.#stop.signal.aborted) return;
    if (found === 'live') this.#open();
    else this.#leave(found === 'unreachable' ? 'lost' : found);
  }

  /** Looks whether the picture moves: engines tell of many faults, but not of all. */
  #tick(): void {
    const now = performance.now();
    if (this.#video.currentTime !== this.#position) {
      this.#position = this.#video.currentTime;
      this.#movedAt = now;
      if (now - this.#openedAt > settledAfter) this.#tries = 0;
    } else if (!this.#wantsPlay || this.#needsClick) {
      this.#movedAt = now;
    }
    const standing = now - this.#movedAt;
    if (this.#engine && this.#phase === 'loading' && standing > openingTakes) this.#gone('lost');
    if (this.#engine && this.#phase === 'playing' && standing > stuckAfter && this.#engine.hasMore()) this.#gone('lost');
    this.#publish();
  }

  #loaded(): void {
    if (!this.#engine) return;
    this.#phase = 'playing';
    this.#hasPlayed = true;
    this.#movedAt = performance.now();
    this.#publish();
  }

  #publish(): void {
    const video = this.#video;
    this.#changed({
      phase: this.#phase,
      hasPlayed: this.#hasPlayed,
      stalledFor: this.#hasPlayed ? performance.now() - this.#movedAt : 0,
      paused: !this.#wantsPlay,
      muted: video.muted,
      volume: video.volume,
      soundBlocked: this.#soundBlocked,
      needsClick: this.#needsClick,
      hasPicture: video.videoWidth > 0,
      // The smallest step comes and goes all the time, to keep the distance.
      catchingUp: video.playbackRate > 1.05 && !video.paused,
      arrival: this.#phase === 'playing' ? this.#engine?.arrival() : undefined,
      choices: this.#engine?.choices(),
    });
  }
}
