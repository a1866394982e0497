/** The SDK's client as the engines see it: records calls, fails or waits on demand, emits events. */

import type { DuetClient, DuetEvents, StatsEntry } from '@duet/sdk';

type AnyHandler = (payload: unknown) => void;

/** What the recorded tracks are: enough of a MediaStreamTrack for the engines. */
export class FakeTrack {
  static #count = 0;
  readonly id: string;
  stopped = false;
  onended: (() => void) | null = null;

  constructor(readonly kind: 'audio' | 'video', readonly label: string) {
    this.id = `track-${++FakeTrack.#count}`;
  }

  stop(): void {
    this.stopped = true;
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakeClient {
  readonly calls: Array<{ method: string; args: unknown[] }> = [];
  /** By method: what it rejects with, or the promise it waits for. */
  readonly behaviour = new Map<string, unknown>();
  stats: StatsEntry[] = [];
  snapshot = '';
  readonly client: DuetClient;
  readonly #handlers = new Map<string, Set<AnyHandler>>();
  #abortEnter: (error: unknown) => void = () => {};

  constructor() {
    this.client = new Proxy({}, { get: (_, name: string) => (...args: unknown[]) => this.#called(name, args) }) as DuetClient;
  }

  emit<E extends keyof DuetEvents>(event: E, payload: DuetEvents[E]): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(payload);
  }

  /** Arguments of all calls of a method, oldest first. */
  named(method: string): unknown[][] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  last<T = Record<string, unknown>>(method: string): T {
    const calls = this.named(method);
    if (calls.length === 0) throw new Error(`${method} was not called`);
    return calls[calls.length - 1]![0] as T;
  }

  #called(name: string, args: unknown[]): unknown {
    if (name === 'on' || name === 'off') {
      const handlers = this.#handlers.get(args[0] as string) ?? new Set<AnyHandler>();
      this.#handlers.set(args[0] as string, handlers);
      if (name === 'on') handlers.add(args[1] as AnyHandler);
      else handlers.delete(args[1] as AnyHandler);
      return this.client;
    }
    this.calls.push({ method: name, args });
    switch (name) {
      case 'enterRoom': return this.#enter();
      case 'exitRoom':
        this.#abortEnter({ code: 5998, message: 'exitRoom was called while entering' });
        return Promise.resolve();
      case 'getPeerConnectionStats': return Promise.resolve(this.stats);
      case 'getVideoSnapshot': return this.snapshot;
      case 'getVideoTrack': case 'getAudioTrack': return null;
      case 'sendCustomMessage': case 'setRemotePlayoutDelay': case 'enableAudioVolumeEvaluation': case 'suspend': case 'resume': case 'destroy': return undefined;
      default: return this.behaviour.has(name) ? Promise.reject(this.behaviour.get(name)) : Promise.resolve();
    }
  }

  async #enter(): Promise<void> {
    const behaviour = this.behaviour.get('enterRoom');
    if (behaviour instanceof Promise) {
      await Promise.race([behaviour, new Promise((_, reject) => {
        this.#abortEnter = reject;
      })]);
    } else if (behaviour !== undefined) {
      throw behaviour;
    }
    this.emit('connection-state-changed', { prevState: 'CONNECTING', state: 'CONNECTED', isReconnecting: false });
  }
}
