/** A typed event emitter. A handler that throws does not stop the others. */

type Handler = (payload: never) => void;

interface Entry {
  handler: Handler;
  context: unknown;
}

export class Emitter<Events extends object> {
  readonly #entries = new Map<keyof Events, Entry[]>();

  on<E extends keyof Events>(event: E, handler: (payload: Events[E]) => void, context?: unknown): void {
    const entries = this.#entries.get(event) ?? [];
    this.#entries.set(event, [...entries, { handler, context }]);
  }

  /** Removes every registration of the handler that was made with the same context. */
  off<E extends keyof Events>(event: E, handler: (payload: Events[E]) => void, context?: unknown): void {
    const entries = this.#entries.get(event);
    if (!entries) return;
    this.#entries.set(event, entries.filter((e) => e.handler !== handler || e.context !== context));
  }

  removeAllHandlers(): void {
    this.#entries.clear();
  }

  /** Handlers added or removed while the event is delivered count from the next one on. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const { handler, context } of this.#entries.get(event) ?? []) {
      try {
        handler.call(context, payload as never);
      } catch (error) {
        console.error(`Duet: a handler of '${String(event)}' threw`, error);
      }
    }
  }
}
