/** Runs one asynchronous step again and again until the last poke has been honoured, and never twice at a time. */
export class Pump {
  readonly #step: () => Promise<void>;
  #poked = false;
  #running: Promise<void> | null = null;

  /** `step` looks at what is wanted when it runs; it must not reject. */
  constructor(step: () => Promise<void>) {
    this.#step = step;
  }

  /** Resolves when all pokes until now are honoured. */
  poke(): Promise<void> {
    this.#poked = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    await null; // #running is set by now, and pokes of the same turn are one
    try {
      while (this.#poked) {
        this.#poked = false;
        await this.#step();
      }
    } finally {
      this.#running = null;
    }
  }
}
