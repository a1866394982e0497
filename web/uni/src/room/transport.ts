/**
 * How a room is reached from the tags. In the browser the tags themselves speak to the server, by room://
 * addresses, and tell what happens there; in a mini program they know RTMP and FLV only, and a transport of
 * its own (src/mp) speaks to the server and tells the same things in the same numbers.
 */

import type { EnterParams } from './config.js';
import type { Packed } from './messages.js';
import type { RoomState } from './state.js';
import type { ViewFillMode, ViewStreamType } from './view-store.js';

interface Callbacks {
  success?: (result: never) => void;
  fail?: (error: { errMsg: string }) => void;
}

export type ContextMethod = (options?: Callbacks & Record<string, unknown>) => void;
export type Context = Partial<Record<string, ContextMethod>>;

/** What a tag tells with an event. */
export interface Detail {
  code?: number;
  message?: string;
  [member: string]: unknown;
}

/** The room, as a transport sees it. */
export interface TransportPort {
  pusherEvent(type: string, detail: Detail): void;
  playerEvent(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void;
  /** Ends an entry that is under way; otherwise it is only told. */
  failed(code: number, message: string): void;
  /** The user did not allow the device, and it is off; or allowed it after all. */
  switched(kind: 'video' | 'audio', on: boolean): void;
  memoryWarning(): void;
  /** Attributes of the tags have changed. */
  update(): void;
}

export interface Devices {
  camera: boolean;
  mic: boolean;
}

export interface RoomTransport {
  /** The pusher starts by itself when it gets an address. */
  readonly autopush: boolean;
  attach(port: TransportPort): void;
  /** The outcome comes as 1018, or as an error. */
  enter(params: EnterParams): void;
  /** Also in the middle of entering. */
  exit(): void;
  /** The component is gone. */
  dispose(): void;
  /** After each change, when the state has been shown. Calling update() from here is fine, as long as that ends. */
  sync(state: RoomState): void;

  pusherUrl(): string;
  /** What the pusher is given of what is wanted. */
  devices(wanted: Devices): Devices;
  playerSrc(userID: string, streamType: 'main' | 'small' | 'aux'): string;
  /** The player has lost its connection and is trying again. */
  isReconnecting(userID: string, streamType: ViewStreamType): boolean;
  fit(mode: ViewFillMode, userID: string, streamType: ViewStreamType): ViewFillMode;
  pusherContext(): Context;
  playerContext(id: string): Context;
  sendMessage(message: Packed, to?: string): Promise<unknown>;

  pusherEvent(type: string, detail: Detail): void;
  playerEvent(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void;
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
  readonly autopush = true;
  readonly #platform: Platform;
  readonly #component: unknown;
  #port!: TransportPort;
  #url = '';

  constructor(platform: unknown, component: unknown) {
    this.#platform = platform as Platform;
    this.#component = component;
  }

  attach(port: TransportPort): void {
    this.#port = port;
  }

  enter({ config, roomID, sdkAppID, userSig, server, visit }: EnterParams): void {
    this.#url = `room://cloud.tencent.com/rtc?${query({
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

  exit(): void {
    this.#url = '';
  }

  dispose(): void {
    this.exit();
  }

  sync(): void {
    // The tags follow their attributes.
  }

  pusherUrl(): string {
    return this.#url;
  }

  devices(wanted: Devices): Devices {
    return wanted;
  }

  isReconnecting(): boolean {
    return false; // the room as a whole tells it
  }

  fit(mode: ViewFillMode): ViewFillMode {
    return mode;
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

  sendMessage({ cmdID, data }: Packed, to?: string): Promise<unknown> {
    return call(this.pusherContext(), 'sendRoomMessage', { cmdID, data, ...(to === undefined ? {} : { to }) });
  }

  pusherEvent(type: string, detail: Detail): void {
    this.#port.pusherEvent(type, detail);
  }

  playerEvent(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void {
    this.#port.playerEvent(userID, streamType, type, detail);
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
