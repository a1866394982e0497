/**
 * The room inside a mini program: signalling over connectSocket, the picture and sound of this user by one
 * live-pusher over RTMP, those of the others by a live-player each over FLV or RTMP. To the controller it
 * tells what the tags of room:// addresses would.
 */

import type { MediaUrls, Notification, RtmpEnterResult } from '@duet/sdk/signal';
import { PROTOCOL_VERSION, RpcError } from '@duet/sdk/signal';
import type { EnterParams } from '../room/config.js';
import type { Packed } from '../room/messages.js';
import type { RoomState } from '../room/state.js';
import { elementID } from '../room/state.js';
import type { Context, Detail, Devices, RoomTransport, TransportPort } from '../room/transport.js';
import { call } from '../room/transport.js';
import type { ViewFillMode, ViewStreamType } from '../room/view-store.js';
import type { Language, WordKey } from '../room/words.js';
import { words } from '../room/words.js';
import { isCategoryRefusal, isDomainRefusal, MINI_ERROR, obstacle } from './permissions.js';
import type { MiniPlatform } from './platform.js';
import { Players } from './players.js';
import { Push } from './push.js';
import { Roster } from './roster.js';
import { Rights } from './rights.js';
import type { Identity } from './seat.js';
import { Seat } from './seat.js';
import { linkPlatform, signalAddress } from './socket.js';
import { Subscriptions } from './subscriptions.js';
import { pusherMeaning } from './tag-codes.js';

declare const __DUET_VERSION__: string;

/** The instance whose tags they are. */
export interface MiniComponent {
  scope(): unknown;
  /** Runs when what the last state changed is on the screen. */
  rendered(run: () => void): void;
}

/** A URL so close to its end is not started with. */
const MARGIN_S = 30;
/** So long after it leaves the foreground the app is frozen; who can count that long was not. */
const FROZEN_AFTER_MS = 6_000;
const KICK_WORDS: Readonly<Record<string, WordKey>> = { replaced: 'kickedReplaced', removed: 'kickedRemoved', banned: 'kickedRemoved', media_timeout: 'kickedSilent' };

export class MiniTransport implements RoomTransport {
  readonly autopush = false;
  readonly #mini: MiniPlatform;
  readonly #component: MiniComponent;
  readonly #language: Language;
  readonly #seat: Seat;
  readonly #push: Push;
  readonly #players: Players;
  readonly #roster: Roster;
  readonly #subscriptions: Subscriptions;
  readonly #rights: Rights;
  #port!: TransportPort;
  #urls: MediaUrls | null = null;
  #urlsAt = 0;
  #asking: Promise<MediaUrls> | null = null;
  /** What the platform said about the socket that failed last. */
  #socketFailure = '';
  #hidden = false;
  #screenOn = false;
  #wake: ReturnType<typeof setTimeout> | null = null;
  /** The push has lost its connection. */
  #pushLost = false;
  #phase: 'in' | 'reconnecting' | 'suspended' = 'in';
  #afterSuspension = false;
  readonly #upright: boolean;

  constructor(platform: unknown, component: MiniComponent, language: Language) {
    const mini = platform as MiniPlatform;
    this.#mini = mini;
    this.#component = component;
    this.#language = language;
    this.#seat = new Seat(linkPlatform(mini, (errMsg) => { this.#socketFailure = errMsg; }), {
      entered: (result, again) => this.#entered(result, again),
      notification: (notification) => this.#notified(notification),
      lost: () => this.#tellPhase(), // push and players go on; the seat is kept
      failed: (error) => this.#failed(error),
      isHopeless: () => isDomainRefusal(this.#socketFailure),
    });
    this.#push = new Push({
      context: () => this.pusherContext(),
      url: async (renew) => (renew || !this.#isFresh() ? await this.#renewUrls() : this.#urls!).push.rtmp,
      rendered: () => this.#rendered(),
      changed: () => this.#port.update(),
      state: (state) => {
        if (state !== 'starting') this.#pushLost = state === 'retrying';
        this.#tellPhase();
      },
      stuck: () => this.#port.failed(-1307, this.#say('miniPushStuck')),
    });
    this.#players = new Players({
      renew: async () => (await this.#renewUrls()).play,
      changed: () => this.#port.update(),
      replay: (userID, streamType) => void this.#rendered()
        .then(() => call(this.playerContext(elementID(userID, streamType)), 'play')).catch(() => undefined),
    });
    this.#roster = new Roster((code, entry) => this.#tell(code, JSON.stringify({ userlist: [entry] })));
    this.#subscriptions = new Subscriptions((method, params) => this.#seat.request(method, params as never));
    this.#rights = new Rights(mini, {
      changed: () => this.#port.update(),
      switched: (kind, on) => this.#port.switched(kind, on),
      refused: (kind) => this.#port.failed(kind === 'video' ? -1301 : -1302, this.#say(kind === 'video' ? 'miniCamera' : 'miniMic')),
    });
    const { windowWidth = 0, windowHeight = 1 } = mini.getSystemInfoSync();
    this.#upright = windowHeight >= windowWidth;
  }

  attach(port: TransportPort): void {
    this.#port = port;
    this.#mini.onAppHide(this.#onHide);
    this.#mini.onAppShow(this.#onShow);
    this.#mini.onNetworkStatusChange(this.#onNetwork);
    this.#mini.onMemoryWarning?.(this.#onMemoryWarning);
  }

  dispose(): void {
    this.exit();
    this.#mini.offAppHide(this.#onHide);
    this.#mini.offAppShow(this.#onShow);
    this.#mini.offNetworkStatusChange?.(this.#onNetwork);
    this.#mini.offMemoryWarning?.(this.#onMemoryWarning);
  }

  // --- the room ---

  enter(params: EnterParams): void {
    const problem = obstacle(this.#mini);
    if (problem) return this.#port.failed(problem.code, this.#say(problem.words));
    const address = signalAddress(params.server ?? '');
    if (!address) return this.#port.failed(-1, this.#say('miniNoServer'));
    this.#socketFailure = '';
    this.#subscriptions.begin(params.config.recvMode);
    this.#keepScreenOn(true);
    this.#seat.enter(address, identityOf(params));
  }

  exit(): void {
    if (this.#seat.state !== 'out') this.#seat.exit();
    this.#keepScreenOn(false);
    this.#push.end();
    this.#players.clear();
    this.#roster.clear();
    this.#cancelWake();
    this.#urls = null;
    this.#pushLost = false;
    this.#phase = 'in';
    this.#afterSuspension = false;
  }

  #keepScreenOn(on: boolean): void {
    if (on === this.#screenOn) return;
    this.#screenOn = on;
    this.#mini.setKeepScreenOn?.({ keepScreenOn: on, fail: () => undefined });
  }

  #entered(result: RtmpEnterResult, again: boolean): void {
    this.#keepUrls(result);
    const anew = this.#afterSuspension || !result.resumed;
    this.#afterSuspension = false;
    if (again && !result.resumed) this.#subscriptions.forget();
    if (again && anew) this.#push.renew();
    if (again) this.#tellPhase();
    else this.#tell(1018);
    this.#roster.set(result.members);
    for (const { userId, paused = false } of result.members) this.#tellPaused(userId, paused);
    this.#players.set(result.play, again && anew);
    this.#push.allow(true);
    this.#push.nudge();
    if (this.#hidden) this.#suspend();
  }

  #failed(error: unknown): void {
    const again = this.#urls !== null;
    const code = error instanceof RpcError ? error.code : isDomainRefusal(this.#socketFailure) ? MINI_ERROR.DOMAIN : -1307;
    const message = error instanceof RpcError ? error.message : code === MINI_ERROR.DOMAIN ? this.#say('miniDomain') : this.#unreachable(error);
    this.#port.failed(code, message);
    if (again) this.#tell(1019);
  }

  #unreachable(error: unknown): string {
    return this.#socketFailure || (error instanceof Error ? error.message : String(error));
  }

  #notified({ method, params }: Notification): void {
    switch (method) {
      case 'memberJoined': return this.#roster.joined(params.userId);
      case 'memberLeft': return this.#roster.left(params.userId);
      case 'memberPaused': return this.#tellPaused(params.userId, true);
      case 'memberResumed': return this.#tellPaused(params.userId, false);
      case 'streams': return this.#roster.streams(params.userId, params.streams);
      case 'play': return this.#players.set(params.play, false);
      case 'message': return this.#message(params);
      case 'kicked': return this.#kicked(KICK_WORDS[params.reason] ?? 'kickedRemoved');
      case 'dismissed': return this.#kicked('dismissed');
      default: return undefined; // nothing that tags of RTMP could follow
    }
  }

  #message({ userId, cmdId, data }: { userId: string; cmdId: number; data: string }): void {
    this.#port.pusherEvent('roommessage', { userID: userId, cmdID: cmdId, data: this.#mini.base64ToArrayBuffer(data) });
  }

  #kicked(why: WordKey): void {
    this.#seat.exit();
    this.#port.pusherEvent('error', { errCode: 3004, errMsg: this.#say(why) });
    this.#tell(1019);
  }

  async sendMessage({ cmdID, data }: Packed, to?: string): Promise<unknown> {
    return this.#seat.request('message', { cmdId: cmdID, data: this.#mini.arrayBufferToBase64(data), ...(to === undefined ? {} : { to }) });
  }

  // --- URLs ---

  #keepUrls({ push, play, urlSeconds }: MediaUrls): MediaUrls {
    this.#urls = { push, play, urlSeconds };
    this.#urlsAt = Date.now();
    return this.#urls;
  }

  #isFresh(): boolean {
    return this.#urls !== null && Date.now() - this.#urlsAt < (this.#urls.urlSeconds - MARGIN_S) * 1000;
  }

  /** One request for all who ask at the same time. */
  #renewUrls(): Promise<MediaUrls> {
    this.#asking ??= this.#seat.request('urls', {})
      .then((urls) => this.#keepUrls(urls))
      .finally(() => { this.#asking = null; });
    return this.#asking;
  }

  // --- foreground and background ---

  readonly #onHide = (): void => {
    this.#hidden = true;
    this.#suspend();
  };

  readonly #onShow = (): void => {
    this.#hidden = false;
    this.#resume();
  };

  readonly #onNetwork = ({ isConnected }: { isConnected: boolean }): void => {
    if (isConnected) this.#seat.nudge();
  };

  readonly #onMemoryWarning = (): void => {
    this.#port.memoryWarning();
  };

  /** The seat is kept by the server, which tells the others "paused". */
  #suspend(): void {
    this.#seat.suspend();
    if (this.#seat.state !== 'suspended') return;
    this.#afterSuspension = true;
    this.#push.allow(false);
    this.#tellPhase();
  }

  #resume(): void {
    this.#cancelWake();
    if (this.#seat.state === 'suspended') {
      this.#seat.wake();
      this.#tellPhase();
    } else {
      this.#seat.nudge();
    }
  }

  /** By the tag. Without a word from the app that it was hidden it comes back when time goes on. */
  #suspendedByTag(): void {
    this.#suspend();
    if (this.#hidden) return;
    this.#cancelWake();
    this.#wake = setTimeout(() => {
      if (!this.#hidden) this.#resume();
    }, FROZEN_AFTER_MS);
  }

  #cancelWake(): void {
    if (this.#wake) clearTimeout(this.#wake);
    this.#wake = null;
  }

  // --- what the controller and the template ask ---

  sync({ streams, sending, phase }: RoomState): void {
    if (phase === 'out' || phase === 'entering') return;
    const allowed = this.#rights.allowed(sending, phase === 'in');
    this.#push.want(allowed);
    if (this.#seat.state !== 'in') return;
    this.#subscriptions.publish(allowed);
    this.#subscriptions.subscribe(streams);
  }

  pusherUrl(): string {
    return this.#push.url;
  }

  devices(): Devices {
    return { ...this.#push.devices };
  }

  playerSrc(userID: string, streamType: 'main' | 'small' | 'aux'): string {
    return this.#players.src(userID, streamType === 'aux' ? 'aux' : 'main');
  }

  isReconnecting(userID: string, streamType: ViewStreamType): boolean {
    return this.#players.isReconnecting(userID, streamType);
  }

  fit(mode: ViewFillMode, userID: string, streamType: ViewStreamType): ViewFillMode {
    return this.#players.fit(mode, userID, streamType, this.#upright);
  }

  pusherContext(): Context {
    return this.#mini.createLivePusherContext(this.#component.scope());
  }

  playerContext(id: string): Context {
    return this.#mini.createLivePlayerContext(id, this.#component.scope());
  }

  /** Only in a tap. */
  openSettings(): void {
    this.#rights.openSettings();
  }

  // --- what the tags tell ---

  pusherEvent(type: string, detail: Detail): void {
    if (type === 'statechange') this.#pusherState(detail.code ?? 0, detail.message ?? '');
    else if (type === 'error') this.#tagError(Number(detail['errCode'] ?? 0), String(detail['errMsg'] ?? ''));
    else this.#port.pusherEvent(type, detail);
  }

  #pusherState(code: number, message: string): void {
    switch (pusherMeaning(code)) {
      case 'running': return this.#push.running();
      case 'reconnecting': return this.#push.reconnecting();
      case 'failed': return this.#push.failed();
      case 'suspended': return this.#suspendedByTag();
      case 'device': return this.#tagError(code, message);
      default: return undefined;
    }
  }

  #tagError(code: number, message: string): void {
    if (isCategoryRefusal(message)) return this.#port.failed(MINI_ERROR.CATEGORY, this.#say('miniNoTags'));
    if (code === 10001) return this.#rights.refusedByTag('video');
    if (code === 10002) return this.#rights.refusedByTag('audio');
    if (code !== 0) this.#port.pusherEvent('error', { errCode: code, errMsg: message });
  }

  playerEvent(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void {
    if (type === 'error') return this.#tagError(0, String(detail['errMsg'] ?? ''));
    if (type === 'statechange') this.#players.told(userID, streamType, detail.code ?? 0);
    if (type === 'netstatus') {
      const { videoWidth, videoHeight } = (detail['info'] ?? {}) as { videoWidth?: unknown; videoHeight?: unknown };
      this.#players.sized(userID, streamType, Number(videoWidth), Number(videoHeight));
    }
    this.#port.playerEvent(userID, streamType, type, detail);
  }

  // --- to the controller ---

  #tell(code: number, message = ''): void {
    this.#port.pusherEvent('statechange', { code, message });
  }

  #tellPaused(userID: string, paused: boolean): void {
    this.#port.pusherEvent('memberstate', { userID, state: paused ? 'paused' : 'resumed' });
  }

  /** As one: connected, on the way back, in the background. */
  #tellPhase(): void {
    const { state } = this.#seat;
    if (state === 'out' || state === 'entering') return;
    const phase = state === 'suspended' ? 'suspended' : state === 'returning' || this.#pushLost ? 'reconnecting' : 'in';
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#tell({ in: 1001, reconnecting: 1102, suspended: 5000 }[phase]);
  }

  #rendered(): Promise<void> {
    this.#port.update();
    return new Promise((resolve) => this.#component.rendered(resolve));
  }

  #say(key: WordKey): string {
    return words(this.#language, key);
  }
}

function identityOf({ config, roomID, sdkAppID, userSig }: EnterParams): Identity {
  return {
    protocol: PROTOCOL_VERSION, media: 'rtmp', sdkAppId: sdkAppID, userId: config.userID, userSig, room: roomID,
    scene: config.scene, role: 'anchor', template: config.template, recvMode: config.recvMode as 1 | 2 | 3 | 4, cloudenv: config.cloudenv,
    ...(config.privateMapKey === '' ? {} : { privateMapKey: config.privateMapKey }),
    client: { platform: 'mp-weixin', version: __DUET_VERSION__ },
  };
}
