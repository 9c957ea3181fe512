/**
 * The server's clock as seen from here. A viewer's own clock may be minutes off, and the delay that the page shows is
 * a difference between the two machines' clocks.
 */
export class ServerClock {
  #samples: { offset: number; roundTrip: number }[] = [];

  /** Takes the server's time from an answer that was asked for and received at these local times (all in ms). */
  observe(sent: number, received: number, server: number): void {
    if (!Number.isFinite(server) || received < sent) return;
    this.#samples.push({ offset: server - (sent + received) / 2, roundTrip: received - sent });
    // Old samples have to go: the local clock may be set while the page is open.
    if (this.#samples.length > 10) this.#samples.shift();
  }

  get known(): boolean {
    return this.#samples.length > 0;
  }

  /** Server time in ms, from the sample with the shortest way: its error is at most half of its round trip. */
  now(local: number): number {
    let best: { offset: number; roundTrip: number } | undefined;
    for (const sample of this.#samples) {
      if (!best || sample.roundTrip <= best.roundTrip) best = sample;
    }
    return local + (best?.offset ?? 0);
  }
}
