/**
 * JSON-RPC 2.0 client over anything that carries text. Pure: it neither owns the socket nor a clock.
 *
 * Each request settles exactly once: by its response, by its deadline, or by fail().
 */

import type { Notification, Requests } from './messages.js';

/** The server answered with an error object. */
export class RpcError extends Error {
  override readonly name = 'RpcError';

  constructor(
    readonly code: number,
    message: string,
    readonly data: { name?: string; detail?: number } | undefined,
  ) {
    super(message);
  }
}

/** No answer: the connection is gone, or it took too long. */
export class LinkError extends Error {
  override readonly name = 'LinkError';

  constructor(readonly reason: 'unreachable' | 'closed' | 'timeout', message: string) {
    super(message);
  }
}

export interface RpcPort {
  send(text: string): void;
  setTimer(delay_ms: number, fire: () => void): () => void;
  notify(notification: Notification): void;
}

interface Pending {
  method: string;
  resolve(result: never): void;
  reject(error: Error): void;
  cancelTimer(): void;
}

export class RpcClient {
  readonly #port: RpcPort;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: Error | null = null;

  constructor(port: RpcPort) {
    this.#port = port;
  }

  request<M extends keyof Requests>(
    method: M, params: Requests[M][0], timeout_ms: number,
  ): Promise<Requests[M][1]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#port.setTimer(timeout_ms, () => {
        this.#pending.delete(id);
        reject(new LinkError('timeout', `the server did not answer '${method}' within ${timeout_ms / 1000} s`));
      });
      this.#pending.set(id, { method, resolve, reject, cancelTimer });
      this.#port.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** Text that is not a message of the protocol is dropped; the return value says whether it was one. */
  receive(text: string): boolean {
    const message = parseObject(text);
    if (!message) return false;
    if (typeof message['method'] === 'string') {
      if (message['id'] !== undefined) return false; // the server never asks
      const params = isObject(message['params']) ? message['params'] : {};
      this.#port.notify({ method: message['method'], params } as unknown as Notification);
      return true;
    }
    const id = message['id'];
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (!pending) return false;
    this.#pending.delete(id as number);
    pending.cancelTimer();
    if (isObject(message['error'])) pending.reject(toRpcError(message['error']));
    else pending.resolve((message['result'] ?? {}) as never);
    return true;
  }

  /** The connection is gone: what is pending, and every later request, fails with `error`. */
  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { cancelTimer, reject } of pending) {
      cancelTimer();
      reject(error);
    }
  }
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function toRpcError(error: JsonObject): RpcError {
  const data = isObject(error['data']) ? error['data'] : undefined;
  return new RpcError(
    typeof error['code'] === 'number' ? error['code'] : -32603,
    typeof error['message'] === 'string' ? error['message'] : 'the server refused without saying why',
    data as { name?: string; detail?: number } | undefined,
  );
}
