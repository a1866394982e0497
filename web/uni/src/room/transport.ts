/**
 * How a room is reached from the tags. In the browser the tags themselves speak to the server, by room://
 * addresses; another transport gives other addresses to the same tags.
 */

import type { EnterParams } from './config.js';

interface Callbacks {
  success?: (result: never) => void;
  fail?: (error: { errMsg: string }) => void;
}

export type ContextMethod = (options?: Callbacks & Record<string, unknown>) => void;
export type Context = Partial<Record<string, ContextMethod>>;

export interface RoomTransport {
  pusherUrl(params: EnterParams): string;
  playerSrc(userID: string, streamType: 'main' | 'small' | 'aux'): string;
  pusherContext(): Context;
  playerContext(id: string): Context;
}

interface Platform {
  createLivePusherContext(...args: unknown[]): Context;
  createLivePlayerContext(id: string, ...args: unknown[]): Context;
}

function query(values: Record<string, string | number | undefined>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
}

/** `component`: the instance whose tags they are. */
export class RoomUrlTransport implements RoomTransport {
  readonly #platform: Platform;
  readonly #component: unknown;

  constructor(platform: unknown, component: unknown) {
    this.#platform = platform as Platform;
    this.#component = component;
  }

  pusherUrl({ config, roomID, sdkAppID, userSig, server, visit }: EnterParams): string {
    return `room://cloud.tencent.com/rtc?${query({
      sdkappid: sdkAppID,
      ...(typeof roomID === 'number' ? { roomid: roomID } : { strroomid: roomID }),
      userid: config.userID,
      usersig: userSig,
      appscene: config.scene === 'live' ? 'live' : 'videocall',
      encsmall: config.encsmall,
      cloudenv: config.cloudenv,
      streamid: config.streamID,
      userdefinerecordid: config.userDefineRecordID,
      privatemapkey: config.privateMapKey,
      pureaudiomode: config.pureAudioMode || undefined,
      recvmode: config.recvMode,
      template: config.template,
      server,
      visit,
    })}`;
  }

  playerSrc(userID: string, streamType: 'main' | 'small' | 'aux'): string {
    return `room://rtc.tencent.com?${query({ userid: userID, streamtype: streamType })}`;
  }

  pusherContext(): Context {
    return this.#platform.createLivePusherContext(this.#component);
  }

  playerContext(id: string): Context {
    return this.#platform.createLivePlayerContext(id, this.#component);
  }
}

/** The context's method as a promise. */
export function call<T = unknown>(context: Context, method: string, options: Record<string, unknown> = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = context[method];
    if (!run) {
      reject(new Error(`${method} is not possible on this platform`));
      return;
    }
    run.call(context, { ...options, success: resolve as (result: never) => void, fail: ({ errMsg }) => reject(new Error(errMsg)) });
  });
}
