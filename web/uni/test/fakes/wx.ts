/**
 * A mini program's platform and its two tags, for tests: they tell the numbers that phones tell, in their order and
 * with their delays, and keep the platform's rules. What moves the media is an engine that each test brings: without
 * one everything works at once, and says nothing but the numbers.
 *
 *   sockets      five at a time; errors come as errMsg; a hidden app loses them when it is frozen
 *   background   5 s after it was hidden the app is frozen: the pusher tells 5000; stop() fails while hidden (errno 102)
 *   tags         follow their attributes after a rendering, the pusher only start() and stop(); a failure of the
 *                connection is tried three times (1102, 2103) and then given up (-1307, -2301)
 */

import type { MiniPlatform, Scope, SocketTask } from '../../src/mp/platform.js';
import type { PusherState, RoomState, StreamState } from '../../src/room/state.js';

/** What a tag does with an address. `tell` gives the numbers of the media's way; the returned function ends it. */
export interface MediaEngine {
  push(url: string, tags: { camera: boolean; mic: boolean }, tell: (code: number) => void): () => void;
  play(url: string, tell: (code: number) => void): () => void;
}

export interface SocketListener {
  open(): void;
  message(text: string): void;
  close(code: number): void;
  error(errMsg: string): void;
}

/** The far end of a socket. */
export interface SocketEnd {
  send(text: string): void;
  close(): void;
}

/** Opens a socket; throws an Error with the platform's errMsg. */
export type Dial = (url: string, listener: SocketListener) => SocketEnd;

type AnyOptions = {
  success?: ((result: never) => void) | undefined;
  fail?: ((error: { errMsg: string; errno?: number }) => void) | undefined;
  complete?: (() => void) | undefined;
};

const MOST_SOCKETS = 5;
const FROZEN_AFTER_MS = 5_000;
const RETRIES = 3;
const RETRY_MS = 1_000;
const RENDER_MS = 16;
const ANSWER_MS = 5;

/** Connects, and shows the first frame. */
export const instantEngine: MediaEngine = {
  push: (_url, _devices, tell) => steps(tell, [[20, 1001], [30, 1002], [80, 1007]]),
  play: (_url, tell) => steps(tell, [[20, 2001], [30, 2002], [120, 2003], [125, 2004], [140, 2032]]),
};

export function steps(tell: (code: number) => void, list: ReadonlyArray<readonly [number, number]>): () => void {
  const timers = list.map(([delay, code]) => setTimeout(() => tell(code), delay));
  return () => timers.forEach((timer) => clearTimeout(timer));
}

/** One running tag: connection, and what is done when it fails. */
class Running {
  #stop: () => void = () => {};
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly begin: (tell: (code: number) => void) => () => void,
    private readonly tell: (code: number) => void,
    private readonly codes: { reconnecting: number; gaveUp: number },
  ) {
    this.#run();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stop();
    this.#stop = () => {};
  }

  #run(): void {
    let over = false;
    const stop = this.begin((code) => {
      if (over) return;
      if (code === 1002 || code === 2002) this.#failures = 0;
      this.tell(code);
      if (code < 3001 || code > 3005) return;
      over = true;
      this.end();
      if (++this.#failures > RETRIES) return this.tell(this.codes.gaveUp);
      this.tell(this.codes.reconnecting);
      this.#timer = setTimeout(() => this.#run(), RETRY_MS);
    });
    this.#stop = () => {
      over = true;
      stop();
    };
  }
}

export interface TagListener {
  pusher(type: string, detail: Record<string, unknown>): void;
  player(stream: StreamState, type: string, detail: Record<string, unknown>): void;
}

export class FakeWx {
  sdkVersion = '3.7.0';
  /** false: the mini program has no right to them. */
  tags = true;
  allowedDomains: string[] | null = null;
  /** What the user has decided, and what they will decide when asked. */
  readonly authSetting: Partial<Record<Scope, boolean>> = {};
  readonly answers: Record<Scope, boolean> = { 'scope.camera': true, 'scope.record': true };
  readonly asked: Scope[] = [];
  /** What they will switch on in the settings. */
  inSettings: Partial<Record<Scope, boolean>> = {};
  /** Every number that the tags told, and every call of a context, oldest first: `pusher 1002`, `player/bob 2032`, `pusher.start`. */
  readonly log: string[] = [];
  listener: TagListener = { pusher: () => {}, player: () => {} };
  keepsScreenOn = false;
  isHidden = false;
  isFrozen = false;
  readonly sockets = new Set<SocketEnd & { drop(): void }>();

  readonly #appShow = new Set<() => void>();
  readonly #appHide = new Set<() => void>();
  readonly #memory = new Set<(event: { level?: number }) => void>();
  readonly #network = new Set<(event: { isConnected: boolean }) => void>();
  #pusher: PusherState | null = null;
  readonly #streams = new Map<string, StreamState>();
  #push: Running | null = null;
  readonly #plays = new Map<string, Running>();
  #pending: RoomState | null = null;
  readonly #afterRender: Array<() => void> = [];
  #renderTimer: ReturnType<typeof setTimeout> | undefined;
  #freezeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly dial: Dial, readonly engine: MediaEngine = instantEngine) {}

  // --- the user and the system ---

  hide(): void {
    if (this.isHidden) return;
    this.isHidden = true;
    this.#appHide.forEach((run) => run());
    this.#freezeTimer = setTimeout(() => this.#freeze(), FROZEN_AFTER_MS);
  }

  show(): void {
    clearTimeout(this.#freezeTimer);
    this.isHidden = false;
    this.isFrozen = false;
    this.#appShow.forEach((run) => run());
  }

  memoryWarning(level = 15): void {
    this.#memory.forEach((run) => run({ level }));
  }

  network(isConnected: boolean): void {
    this.#network.forEach((run) => run({ isConnected }));
  }

  /** Sockets and media end as when the phone loses its network. */
  dropSockets(): void {
    for (const socket of [...this.sockets]) socket.drop();
  }

  tellPusher(code: number, message = ''): void {
    this.log.push(`pusher ${code}`);
    this.listener.pusher('statechange', { code, message });
  }

  tellPlayer(id: string, code: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.log.push(`player/${stream.userID} ${code}`);
    this.listener.player(stream, 'statechange', { code, message: '' });
  }

  /** The numbers of one tag, oldest first. */
  codes(who: string): number[] {
    return this.log.filter((line) => line.startsWith(`${who} `)).map((line) => Number(line.split(' ')[1]));
  }

  get isPushing(): boolean {
    return this.#push !== null;
  }

  dispose(): void {
    clearTimeout(this.#renderTimer);
    clearTimeout(this.#freezeTimer);
    this.#push?.end();
    for (const play of this.#plays.values()) play.end();
    this.dropSockets();
  }

  #freeze(): void {
    this.isFrozen = true;
    this.tellPusher(5000);
    this.#push?.end();
    this.#push = null;
    for (const play of this.#plays.values()) play.end();
    this.dropSockets();
  }

  // --- the page: the tags have what the component's template gives them ---

  showState(state: RoomState): void {
    this.#pending = state;
    this.#renderTimer ??= setTimeout(() => this.#render(), RENDER_MS);
  }

  rendered(run: () => void): void {
    this.#afterRender.push(run);
    this.#renderTimer ??= setTimeout(() => this.#render(), RENDER_MS);
  }

  #render(): void {
    this.#renderTimer = undefined;
    const state = this.#pending;
    this.#pending = null;
    if (state) {
      this.#renderPusher(state.pusher);
      this.#renderPlayers(state.streams);
    }
    for (const run of this.#afterRender.splice(0)) run();
  }

  #renderPusher(pusher: PusherState): void {
    const before = this.#pusher;
    this.#pusher = pusher;
    if (!before && !this.tags) this.listener.pusher('error', { errMsg: 'insertLivePusher:fail access denied' });
    if (before && this.#push && pusher.enableCamera && !before.enableCamera) this.log.push('pusher.DRIFT'); // a camera that comes later
  }

  #renderPlayers(streams: readonly StreamState[]): void {
    const shown = new Map(streams.filter(({ src }) => src !== '').map((stream) => [stream.id, stream]));
    for (const [id, { userID }] of [...this.#streams]) {
      if (shown.has(id)) continue;
      this.#streams.delete(id);
      this.#endPlay(id);
      this.log.push(`player/${userID}.gone`);
    }
    for (const [id, stream] of shown) {
      const before = this.#streams.get(id);
      this.#streams.set(id, stream);
      if (before?.src !== stream.src) this.#play(id); // autoplay
    }
  }

  #play(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#endPlay(id);
    this.log.push(`player/${stream.userID}.play ${stream.src}`);
    this.#plays.set(id, new Running(
      (tell) => this.engine.play(stream.src, tell),
      (code) => {
        if (code === -2301) this.#plays.delete(id);
        this.tellPlayer(id, code);
      },
      { reconnecting: 2103, gaveUp: -2301 }));
  }

  #endPlay(id: string): void {
    this.#plays.get(id)?.end();
    this.#plays.delete(id);
  }

  #start(): void {
    const { url, enableCamera: camera, enableMic: mic } = this.#pusher!;
    this.log.push(`pusher.start ${url} ${camera ? 'camera' : ''}${camera && mic ? '+' : ''}${mic ? 'mic' : ''}`);
    if (camera) steps((code) => this.tellPusher(code), [[10, 1003]]);
    this.#push = new Running(
      (tell) => this.engine.push(url, { camera, mic }, tell),
      (code) => {
        if (code === -1307) this.#push = null;
        this.tellPusher(code);
      },
      { reconnecting: 1102, gaveUp: -1307 });
  }

  #stop(): void {
    this.log.push('pusher.stop');
    this.#push?.end();
    this.#push = null;
  }

  // --- what a mini program calls ---

  readonly platform: MiniPlatform = {
    connectSocket: (options) => this.#connect(options),
    createLivePusherContext: () => ({
      start: (options) => this.#answer(options, () => {
        if (this.#pusher?.url && !this.#push) this.#start();
        return this.#pusher?.url ? null : { errMsg: 'operateLivePusher:fail', errno: 1 };
      }),
      stop: (options) => this.#answer(options, () => {
        if (this.isHidden) return { errMsg: 'operateLivePusher:fail', errno: 102 };
        if (this.#push) this.#stop();
        return null;
      }),
      snapshot: (options) => this.#answer(options, () => null),
    }),
    createLivePlayerContext: (id) => ({
      play: (options) => this.#answer(options, () => {
        if (!this.#plays.has(id)) this.#play(id);
        return null;
      }),
      requestFullScreen: (options) => this.#answer(options, () => null),
    }),
    getSystemInfoSync: () => ({ SDKVersion: this.sdkVersion, windowWidth: 390, windowHeight: 844 }),
    canIUse: (schema) => this.tags || !schema.startsWith('live-'),
    getSetting: ({ success }) => void setTimeout(() => success?.({ authSetting: { ...this.authSetting } }), ANSWER_MS),
    authorize: ({ scope, success, fail }) => void setTimeout(() => {
      this.asked.push(scope);
      this.authSetting[scope] = this.answers[scope];
      if (this.answers[scope]) success?.({});
      else fail?.({ errMsg: 'authorize:fail auth deny' });
    }, 300),
    openSetting: ({ success }) => void setTimeout(() => {
      Object.assign(this.authSetting, this.inSettings);
      success?.({ authSetting: { ...this.authSetting } });
    }, 300),
    setKeepScreenOn: ({ keepScreenOn }) => { this.keepsScreenOn = keepScreenOn; },
    onAppShow: (run) => void this.#appShow.add(run),
    offAppShow: (run) => void this.#appShow.delete(run),
    onAppHide: (run) => void this.#appHide.add(run),
    offAppHide: (run) => void this.#appHide.delete(run),
    onMemoryWarning: (run) => void this.#memory.add(run),
    offMemoryWarning: (run) => void this.#memory.delete(run),
    onNetworkStatusChange: (run) => void this.#network.add(run),
    offNetworkStatusChange: (run) => void this.#network.delete(run),
    arrayBufferToBase64: (data) => btoa(String.fromCharCode(...new Uint8Array(data))),
    base64ToArrayBuffer: (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer,
  };

  /** Listeners that the component left behind. */
  get listeners(): number {
    return this.#appShow.size + this.#appHide.size + this.#memory.size + this.#network.size;
  }

  #answer(options: AnyOptions | undefined, run: () => { errMsg: string; errno?: number } | null): void {
    setTimeout(() => {
      const error = run();
      if (error) options?.fail?.(error);
      else options?.success?.({ errMsg: 'ok' } as never);
      options?.complete?.();
    }, ANSWER_MS);
  }

  #connect({ url, fail }: AnyOptions & { url: string }): SocketTask {
    const events = { open: [] as Array<() => void>, message: [] as Array<(e: { data: unknown }) => void>,
      close: [] as Array<(e: { code?: number }) => void>, error: [] as Array<(e: { errMsg?: string }) => void> };
    const refuse = (errMsg: string): void => void setTimeout(() => fail?.({ errMsg: `connectSocket:fail ${errMsg}` }), ANSWER_MS);
    let end: SocketEnd | null = null;
    let over = false;
    const finish = (code: number): void => {
      if (over) return;
      over = true;
      this.sockets.delete(socket);
      events.close.forEach((run) => run({ code }));
    };
    const socket = {
      send: (text: string) => end?.send(text),
      close: () => {
        end?.close();
        finish(1000);
      },
      drop: () => {
        end?.close();
        finish(1006);
      },
    };
    const host = /^wss?:\/\/([^/]+)/.exec(url)?.[1] ?? '';
    if (this.allowedDomains && !this.allowedDomains.includes(host)) refuse('url not in domain list');
    else if (this.sockets.size >= MOST_SOCKETS) refuse('exceed max task count');
    else {
      this.sockets.add(socket);
      end = this.dial(url, {
        open: () => { if (!over) events.open.forEach((run) => run()); },
        message: (text) => { if (!over && !this.isFrozen) events.message.forEach((run) => run({ data: text })); },
        close: finish,
        error: (errMsg) => {
          if (over) return;
          events.error.forEach((run) => run({ errMsg }));
          finish(1006);
        },
      });
    }
    return {
      send: ({ data }) => socket.send(data),
      close: () => socket.close(),
      onOpen: (run) => void events.open.push(run),
      onMessage: (run) => void events.message.push(run),
      onClose: (run) => void events.close.push(run),
      onError: (run) => void events.error.push(run),
    };
  }
}
