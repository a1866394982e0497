/** The SDK's client for tests of the page's logic: records calls, fails on demand, emits events. */

import { ERROR_CODE, RtcError } from '@duet/sdk';
import type { DuetClient, DuetEvents, ErrorCode, StatsEntry } from '@duet/sdk';

type AnyHandler = (payload: unknown) => void;

export class FakeDuet {
  readonly calls: Array<{ method: string; args: unknown[] }> = [];
  /** By method name: what it rejects with, or a promise that it waits for. */
  readonly behaviour = new Map<string, RtcError | Promise<unknown>>();
  /** What getPeerConnectionStats answers. */
  stats: StatsEntry[] = [];
  readonly client: DuetClient;
  readonly #handlers = new Map<string, AnyHandler[]>();
  readonly #running = { Video: '', Audio: '' };

  constructor() {
    this.client = new Proxy({}, {
      get: (_, name: string) => {
        if (name === 'on') return this.#on;
        if (name === 'getVideoTrack') return () => this.#track('Video');
        if (name === 'getAudioTrack') return () => this.#track('Audio');
        return (...args: unknown[]) => this.#call(name, args);
      },
    }) as DuetClient;
  }

  emit<E extends keyof DuetEvents>(event: E, payload: DuetEvents[E]): void {
    this.#handlers.get(event)?.forEach((handler) => handler(payload));
  }

  named(method: string): unknown[][] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  /** The device goes away by itself. */
  lose(kind: 'Video' | 'Audio'): void {
    this.#running[kind] = '';
  }

  readonly #on = (event: string, handler: AnyHandler): DuetClient => {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
    return this.client;
  };

  #track(kind: 'Video' | 'Audio'): unknown {
    const deviceId = this.#running[kind];
    return deviceId ? { getSettings: () => ({ deviceId }) } : null;
  }

  #call(method: string, args: unknown[]): unknown {
    this.calls.push({ method, args });
    const behaviour = this.behaviour.get(method);
    if (method === 'sendCustomMessage') {
      if (behaviour instanceof RtcError) throw behaviour;
      return undefined;
    }
    if (method === 'enableAudioVolumeEvaluation') return undefined;
    if (behaviour instanceof RtcError) return Promise.reject(behaviour);
    if (method === 'getPeerConnectionStats') return Promise.resolve(this.stats);
    const local = /^(start|update|stop)Local(Video|Audio)$/.exec(method);
    const option = (args[0] as { option?: Record<string, string> } | undefined)?.option;
    return Promise.resolve(behaviour).then(() => {
      if (!local) return;
      const kind = local[2] as 'Video' | 'Audio';
      const wanted = option?.[kind === 'Video' ? 'cameraId' : 'microphoneId'];
      this.#running[kind] = local[1] === 'stop' ? '' : wanted ?? (this.#running[kind] || `default ${kind}`);
    });
  }
}

export function rtcError(code: ErrorCode, extraCode?: number, name?: string, message = 'said so'): RtcError {
  return new RtcError({
    code, message, ...(extraCode === undefined ? {} : { extraCode }), ...(name === undefined ? {} : { data: { name } }),
  });
}

export function serverError(name: string): RtcError {
  return rtcError(ERROR_CODE.SERVER_ERROR, -3301, name);
}

/** Lets everything that is already decided happen; no clock is involved. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
