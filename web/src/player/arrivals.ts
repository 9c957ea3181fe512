/** For how long an observation counts, in ms: clocks drift, and an encoder's most of all. */
const span = 15_000;

/**
 * When media arrived, where nothing in it says so. What takes the shortest way takes next to none: by how much a frame
 * is older than that is how long ago it came. All times are in ms, those of media on any clock.
 */
export class Arrivals {
  #newest = Infinity;
  #before = Infinity;
  #began = -Infinity;

  /** At this local time media had come up to here. */
  observe(local: number, media: number): void {
    if (local - this.#began > span) {
      this.#before = this.#newest;
      this.#newest = Infinity;
      this.#began = local;
    }
    this.#newest = Math.min(this.#newest, local - media);
  }

  /** How long ago this moment of the media came, undefined while nothing is known. */
  age(local: number, media: number): number | undefined {
    const offset = Math.min(this.#newest, this.#before);
    return Number.isFinite(offset) ? Math.max(0, local - media - offset) : undefined;
  }
}
