/** How much comes in, over the last seconds. */
export class Meter {
  #samples: { at: number; total: number }[] = [];

  /** So many bytes had come at this local time, in ms. A total that falls belongs to another count. */
  observe(at: number, total: number): void {
    const last = this.#samples.at(-1);
    if (last && total < last.total) this.#samples = [];
    this.#samples.push({ at, total });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > 6000) this.#samples.shift();
  }

  /** Bits a second, undefined until a second has been seen. */
  rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - first.at < 1000) return undefined;
    return ((last.total - first.total) * 8000) / (last.at - first.at);
  }
}

/** What a player knows of its own play. */
export interface Statistics {
  /** Media in store beyond the frame on show, in s. */
  buffer: number;
  /** Bits a second that come in. */
  bitrate?: number | undefined;
  codecs?: string | undefined;
  width: number;
  height: number;
  /** Frames that were decoded too late to be shown, of all. */
  dropped: number;
  frames: number;
  /** The speed of playback; 1 is as recorded. */
  speed: number;
}

/** Seconds in store at this place of what has been loaded. */
export function inStore(buffered: [start: number, end: number][], position: number): number {
  const here = buffered.find(([start, end]) => position >= start - 0.1 && position <= end);
  return here ? Math.max(0, here[1] - position) : 0;
}
