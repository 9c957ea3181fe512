import type { Stream } from '../api.ts';
import { backoff } from '../backoff.ts';
import { withPass } from '../pass.ts';
import type { Choice, Choices, Engine, Gone } from './engine.ts';
import { engineFor } from './engines.ts';
import { NativeEngine } from './native-engine.ts';
import type { Phase } from './notice.ts';
import { rangesOf } from './pace.ts';
import { loadPreferences, savePreferences } from './preferences.ts';
import { probe } from './probe.ts';
import { type Codecs, means, playable, type Protocol } from './protocol.ts';
import { sessionID } from './session.ts';
import { type Shift, worthwhile } from './shift.ts';
import { inStore, Meter, type Statistics } from './statistics.ts';

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
  /** Delay since arrival at the server, in ms. */
  delay?: number | undefined;
  choices?: Choices | undefined;
  /** What there is to go back to. */
  shift?: Shift | undefined;
  /** The viewer has gone back, or paused where that loses nothing. */
  behind: boolean;
  /** What the stream can be played by, the best first. */
  protocols: Protocol[];
  /** The one that the viewer asked for; without it the player chooses. */
  asked?: Protocol | undefined;
  /** The one in use. */
  protocol: Protocol;
  /** The browser's own player does it. */
  native: boolean;
}

/** What the rest of the page knows of the stream, where it knows something. */
export interface Knowledge {
  state?: Stream['state'] | undefined;
  codecs: Codecs;
  /** The server keeps what was, for players to go back to. */
  timeShift?: boolean | undefined;
}

/** How often the player looks after itself, in ms. */
const tick = 500;

/** A stall of this many ms, with media listed that would end it, calls for a new engine. */
const stuckAfter = 8000;

/** An engine that has shown nothing for this many ms after it was made will not. */
const openingTakes = 10_000;

/** How long to wait before what could not be played, or was refused, is tried again, in ms. */
const hopeless = 30_000;

/** Play that goes on for this many ms has got over its trouble: the back-off starts from its beginning again. */
const settledAfter = 10_000;

/** Who is nearer to live than this many ms is live. */
const nearLive = 4000;

/**
 * Keeps one live stream on the screen for as long as the page is open: starts by itself, and comes back from whatever
 * happened through a single way: engine gone, ask the playlists until they are live, make a new engine.
 */
export class LivePlayer {
  #video: HTMLVideoElement;
  #path: string;
  #pass: string;
  #serverNow: () => number | undefined;
  #changed: (snapshot: Snapshot) => void;
  #known: Knowledge = { codecs: {} };
  #asked: Protocol | undefined;
  /** What was tried in vain: with other codecs it may go. */
  #failed = new Set<Protocol>();
  #protocol: Protocol = 'hls';
  #native: boolean;
  #meter = new Meter();
  /** Counts the engines that were asked for: one that arrives late is not wanted any more. */
  #opening = 0;
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
  // What the viewer chose, by name: another broadcast, or the next engine, may number it otherwise. Names of sounds are
  // not the same by each protocol, but their order is.
  #quality = '';
  #sound: { label: string; at: number } | undefined;
  #session = sessionID();
  #behind: boolean;
  /** What was on show last, as long as the viewer is not at the live edge: the next engine begins there. */
  #date: number | undefined;

  /**
   * Plays the stream of a path, `/live/cam1`; `serverNow` is the server's clock in ms, undefined while unknown. It begins
   * at what arrived at `start`, in ms, or live. The pass is what lets the viewer in.
   */
  constructor(
    video: HTMLVideoElement,
    path: string,
    pass: string,
    serverNow: () => number | undefined,
    changed: (snapshot: Snapshot) => void,
    start?: number,
  ) {
    this.#video = video;
    this.#path = path;
    this.#pass = pass;
    this.#serverNow = serverNow;
    this.#changed = changed;
    this.#date = start;
    this.#behind = start !== undefined;
    this.#native = NativeEngine.isSupported(video);
    Object.assign(video, loadPreferences());

    const { signal } = this.#stop;
    for (const event of ['playing', 'pause', 'volumechange', 'resize', 'ratechange', 'emptied']) {
      video.addEventListener(event, () => this.#publish(), { signal });
    }
    // Headphones unplugged, media keys, picture-in-picture: the browser pauses and plays as well as we do.
    // An engine that is put to rest may pause as well, which is not what the viewer wants.
    const pausing = () => this.#engine && this.#phase === 'playing' && !video.ended;
    video.addEventListener('pause', () => pausing() && this.#paused(), { signal });
    video.addEventListener('play', () => (this.#wantsPlay = true), { signal });
    video.addEventListener('loadeddata', () => this.#loaded(), { signal });
    addEventListener('online', () => this.hurry(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry(), { signal });
    this.#ticker = setInterval(() => this.#tick(), tick);
    void this.#open();
  }

  destroy(): void {
    this.#stop.abort();
    this.#opening++;
    clearInterval(this.#ticker);
    clearTimeout(this.#retry);
    void this.#retired?.destroy();
    void this.#engine?.destroy();
    this.#engine = undefined;
  }

  /** Is told what the page has heard of the stream. */
  learn(known: Knowledge): void {
    const before = this.#known;
    this.#known = known;
    const recoded = known.codecs.video !== before.codecs.video || known.codecs.audio !== before.codecs.audio;
    if (recoded) this.#failed.clear();
    // hls.js for one does not tell at once that it has nothing to choose from.
    if (recoded && this.#phase === 'loading' && !this.#playable().includes(this.#protocol)) this.#gone('unplayable');
    // The broadcast began, the sender came back, or sends what can be played.
    if (known.state !== before.state || (recoded && this.#phase === 'unplayable')) this.hurry();
  }

  /** Asks at once instead of when the back-off says: there is reason to think that the stream is there. */
  hurry(): void {
    if (this.#engine || this.#probing || this.#phase === 'loading') return;
    clearTimeout(this.#retry);
    void this.#ask();
  }

  togglePlay(): void {
    if (this.#video.paused) this.play();
    else this.#video.pause();
  }

  /** Plays on: where it stood, if that is still there, or else at the live edge. */
  play(): void {
    const shift = this.#shift();
    if (!this.#behind || !shift || shift.at < shift.from || shift.to - shift.at < nearLive) return this.seekLive();
    void this.#resume();
  }

  seekLive(): void {
    this.#fallBehind(false);
    if (this.#hasPlayed) this.#engine?.seekLive();
    void this.#resume();
  }

  /** Goes to what arrived at a moment of the server's clock, in ms, and stays as far behind. */
  seekTo(date: number): void {
    const shift = this.#shift();
    if (!shift) return;
    if (date > shift.to - nearLive) return this.seekLive();
    this.#fallBehind(true);
    this.#date = Math.max(date, shift.from);
    this.#engine?.seekTo(this.#date);
    this.#publish();
  }

  /** Goes so many ms back or forth; without time shift there is only live. */
  skip(by: number): void {
    const shift = this.#shift();
    if (shift) this.seekTo((this.#behind ? shift.at : shift.to) + by);
    else if (by > 0) this.seekLive();
  }

  #resume(): Promise<void> {
    this.#wantsPlay = true;
    this.#needsClick = false;
    return this.#start();
  }

  #paused(): void {
    this.#wantsPlay = false;
    if (this.#shift()) this.#fallBehind(true);
  }

  #fallBehind(behind: boolean): void {
    this.#behind = behind;
    this.#date = undefined;
    this.#engine?.follow(!behind);
  }

  /** What there is to go back to, if that is worth something. */
  #shift(): Shift | undefined {
    const shift = this.#phase === 'playing' ? this.#engine?.shift() : undefined;
    return worthwhile(shift, !!this.#known.timeShift) ? shift : undefined;
  }

  /** Louder or less loud, by a part of the whole. */
  turnVolume(by: number): void {
    const now = this.#video.muted ? 0 : this.#video.volume;
    this.setVolume(Math.min(1, Math.max(0, Math.round((now + by) * 100) / 100)));
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

  /** Goes over to another protocol; undefined leaves it to the player. */
  chooseProtocol(protocol: Protocol | undefined): void {
    const before = this.#protocol;
    this.#asked = protocol;
    this.#failed.clear();
    clearTimeout(this.#retry);
    if (this.#engine && this.#pick() === before) return this.#publish();
    this.#retire();
    this.#tries = 0;
    void this.#open();
  }

  statistics(): Statistics {
    const video = this.#video;
    // Apple's own player counts frames by another name, or not at all.
    const quality = video.getVideoPlaybackQuality?.();
    const { codecs } = this.#engine?.particulars() ?? {};
    return {
      buffer: inStore(rangesOf(video.buffered), video.currentTime),
      bitrate: this.#meter.rate(),
      codecs,
      width: video.videoWidth,
      height: video.videoHeight,
      dropped: quality?.droppedVideoFrames ?? 0,
      frames: quality?.totalVideoFrames ?? 0,
      speed: video.playbackRate,
    };
  }

  chooseQuality(choice: Choice | undefined): void {
    this.#quality = choice?.label ?? '';
    this.#engine?.chooseQuality(choice?.id ?? -1);
    this.#publish();
  }

  chooseSound(choice: Choice): void {
    const at = this.#engine?.choices()?.sounds.findIndex(({ id }) => id === choice.id) ?? -1;
    this.#sound = { label: choice.label, at };
    this.#engine?.chooseSound(choice.id);
    this.#publish();
  }

  /** Has a new engine go on with what was chosen before, once it knows what there is. */
  #chooseAgain(): void {
    const choices = this.#engine?.choices();
    const quality = choices?.qualities.find(({ label }) => label === this.#quality);
    if (quality && quality.id !== choices?.quality) this.#engine?.chooseQuality(quality.id);
    if (!choices || !this.#sound) return;
    const { label, at } = this.#sound;
    const sound = choices.sounds.find((sound) => sound.label === label) ?? choices.sounds[at];
    if (sound && sound.id !== choices.sound) this.#engine?.chooseSound(sound.id);
  }

  #remember(): void {
    savePreferences({ volume: this.#video.volume, muted: this.#video.muted });
    this.#publish();
  }

  /** What the stream can be played by here and now. */
  #playable(): Protocol[] {
    return playable(this.#known.codecs, means(this.#native)).filter((protocol) => !this.#failed.has(protocol));
  }

  #pick(): Protocol | undefined {
    const protocols = this.#playable();
    return this.#asked && protocols.includes(this.#asked) ? this.#asked : protocols[0];
  }

  async #open(): Promise<void> {
    const opening = ++this.#opening;
    const protocol = this.#pick();
    if (!protocol) return this.#leave('unplayable');
    this.#phase = 'loading';
    this.#protocol = protocol;
    if (protocol === 'flv') this.#fallBehind(false);
    this.#position = 0;
    this.#movedAt = this.#openedAt = performance.now();
    this.#publish();
    let make;
    try {
      make = await engineFor(protocol, this.#native);
    } catch {
      if (opening === this.#opening) this.#leave('lost');
      return;
    }
    if (opening !== this.#opening) return;
    const retired = this.#retired;
    this.#retired = undefined;
    await retired?.destroy();
    if (opening !== this.#opening) return;
    // The page may have heard meanwhile what the stream is coded in.
    if (this.#pick() !== protocol) return void this.#open();
    const what = { path: this.#path, pass: this.#pass, session: this.#session, start: this.#date };
    this.#engine = new make(this.#video, what, this.#events(opening));
    this.#publish();
  }

  /** What an engine may say, for as long as it is the one. */
  #events(opening: number) {
    const current = () => opening === this.#opening;
    return {
      ready: () => {
        if (!current()) return;
        this.#chooseAgain();
        void this.#start();
      },
      gone: (why: Gone) => {
        if (current()) this.#gone(why);
      },
    };
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
    // What came in with a playlist that had been closed before is not to be heard behind the notice.
    if (this.#phase === 'loading') this.#video.pause();
    // What cannot be opened in the past is live, perhaps.
    if (this.#phase === 'loading' && why === 'lost') this.#fallBehind(false);
    this.#retire();
    if (why === 'unplayable') {
      this.#failed.add(this.#protocol);
      void this.#open();
      return;
    }
    // Another broadcast may follow at once, and a change of tracks ends a playlist as well: not worth a word then.
    if (why === 'ended') void this.#ask();
    else this.#leave(why);
  }

  #retire(): void {
    if (!this.#engine) return;
    this.#engine.rest();
    this.#retired = this.#engine;
    this.#engine = undefined;
  }

  #leave(why: Gone): void {
    this.#phase = why === 'absent' ? 'waiting' : why;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#ask(), why === 'unplayable' || why === 'refused' ? hopeless : backoff(this.#tries++));
    this.#publish();
  }

  async #ask(): Promise<void> {
    const asking = this.#opening;
    this.#probing = true;
    const found = await probe(new URL(withPass(`${this.#path}/index.m3u8`, this.#pass), location.href).href);
    this.#probing = false;
    if (this.#stop.signal.aborted || asking !== this.#opening) return;
    // What could not be played is worth a try when it is asked for again: the encoder may have changed.
    if (this.#phase === 'unplayable') this.#failed.clear();
    if (found === 'live') void this.#open();
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
    if (this.#stuck(standing)) this.#gone('lost');
    if (this.#phase === 'playing') this.#chooseAgain();
    if (this.#behind && this.#phase === 'playing') this.#date = this.#engine?.shift()?.at ?? this.#date;
    const { received } = this.#engine?.particulars() ?? {};
    if (received !== undefined) this.#meter.observe(now, received);
    this.#publish();
  }

  /** While the sender is away there is nothing that another engine would mend. */
  #stuck(standing: number): boolean {
    if (this.#known.state === 'reconnecting' || standing < stuckAfter) return false;
    // With the sender at work there is media, also if the engine has not heard of it: hls.js stops asking at times when
    // its server was away.
    return this.#phase === 'playing' && !!this.#engine && (this.#known.state === 'live' || this.#engine.hasMore());
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
      delay: this.#phase === 'playing' ? this.#engine?.delay(this.#serverNow()) : undefined,
      choices: this.#engine?.choices(),
      shift: this.#shift(),
      behind: this.#behind,
      protocols: this.#playable(),
      asked: this.#asked,
      protocol: this.#protocol,
      native: this.#native && this.#protocol === 'hls',
    });
  }
}
