/** Virtual time: nothing happens until a test says so. */

interface Timer {
  at_ms: number;
  fire: () => void;
}

/** Lets promises that are ready run, and those that they make ready; no time passes. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

export class FakeTime {
  now_ms = 1_000_000;
  #timers: Timer[] = [];

  setTimer(delay_ms: number, fire: () => void): () => void {
    const timer = { at_ms: this.now_ms + delay_ms, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  async advance(delay_ms: number): Promise<void> {
    const end_ms = this.now_ms + delay_ms;
    for (;;) {
      await settle();
      const due = this.#timers.filter((t) => t.at_ms <= end_ms).sort((a, b) => a.at_ms - b.at_ms)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.now_ms = Math.max(this.now_ms, due.at_ms);
      due.fire();
    }
    this.now_ms = end_ms;
    await settle();
  }
}
