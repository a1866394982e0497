/**
 * The component without its template: what the page calls goes in by methods, what the tags tell by
 * onPusherEvent and onPlayerEvent, what is to be shown comes out as one plain state.
 *
 * Phases:  out -> entering -> in <-> reconnecting, suspended -> out
 */

import type { EnterParams, RoomConfig, RoomSetup } from './config.js';
import { DEFAULT_CONFIG, enterParams, mergedConfig } from './config.js';
import { ENTER_FAILURES, RoomError } from './errors.js';
import type { RoomEvent, RoomHandler } from './events.js';
import { EVENT, EventTable } from './events.js';
import { PAGE_SIZE, pageCount, SMALL_PAGE_SIZE } from './layout.js';
import type { Member, RemoteUser } from './members.js';
import { Members } from './members.js';
import type { RoomChatMessage } from './messages.js';
import { unpack } from './messages.js';
import type { Detail, RoomTransport } from './transport.js';
import type { Phase, RoomState } from './state.js';
import { isPlayerOf, roomState } from './state.js';
import type { ViewStreamType } from './view-store.js';
import { ViewStore } from './view-store.js';

interface Entry {
  userid: string;
  streamtype?: string;
  hasvideo?: boolean;
  hasaudio?: boolean;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: RoomError): void;
}

/** A device that is refused is told by its tag with a number of its own; for a room it is one that does not open. */
const DEVICE_REFUSALS: Readonly<Record<number, number>> = { 10001: -1301, 10002: -1302 };

export class RoomController {
  readonly events = new EventTable();
  readonly members = new Members();
  readonly views = new ViewStore();
  readonly transport: RoomTransport;
  readonly #setup: () => RoomSetup;
  readonly #changed: (state: RoomState) => void;
  config: RoomConfig = { ...DEFAULT_CONFIG };
  /** What publish… and unpublish… say, for as long as the component lives. */
  readonly publishing = { video: false, audio: false };
  #params: EnterParams | null = null;
  #phase: Phase = 'out';
  #waiting: Waiting | null = null;
  /** Counts attempts, so that one that was overtaken by exitRoom knows it. */
  #attempt = 0;
  #swapped = false;
  #page = 0;
  #pageSize = PAGE_SIZE;
  #front = true;
  #notice = '';
  #noticeCode = 0;

  /** `changed` gets the state after every change, in the same turn. */
  constructor(transport: RoomTransport, setup: () => RoomSetup, changed: (state: RoomState) => void) {
    this.transport = transport;
    this.#setup = setup;
    this.#changed = changed;
    transport.attach({
      pusherEvent: (type, detail) => this.#pusherTold(type, detail),
      playerEvent: (userID, streamType, type, detail) => this.#playerTold(userID, streamType, type, detail),
      failed: (code, message) => this.#failed(new RoomError(code, message)),
      switched: (kind, on) => {
        this.publishing[kind] = on;
        this.update();
      },
      memoryWarning: () => {
        this.#pageSize = SMALL_PAGE_SIZE;
        this.update();
      },
      update: () => this.update(),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get state(): RoomState {
    return roomState({
      config: this.config, views: this.views, members: this.members, transport: this.transport, phase: this.#phase,
      publishing: this.publishing, front: this.#front, swapped: this.#swapped, page: this.#page, pageSize: this.#pageSize, notice: this.#notice,
      noticeCode: this.#noticeCode,
    });
  }

  /** Page parameters and attributes; what is missing stays. Takes effect at once, but for who enters where: with the next enterRoom. */
  configure(given: Readonly<Record<string, unknown>>): void {
    this.config = mergedConfig(this.config, given);
    if (given['enableCamera'] !== undefined) this.publishing.video = this.config.enableCamera;
    if (given['enableMic'] !== undefined) this.publishing.audio = this.config.enableMic;
    if (given['frontCamera'] !== undefined) this.#front = this.config.frontCamera !== false && this.config.frontCamera !== 'back';
    this.update();
  }

  on(event: string, handler: RoomHandler, context?: unknown): void {
    this.events.on(event, handler, context);
  }

  off(event: string, handler?: RoomHandler): void {
    this.events.off(event, handler);
  }

  // --- the room ---

  /** Resolves when the server has let the user in; rejects, and tells ERROR, with what is wrong. */
  async enterRoom(params: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      return await this.#enter(params);
    } catch (error) {
      const failure = error instanceof RoomError ? error : new RoomError(-1, error instanceof Error ? error.message : String(error));
      if (failure.code !== 0) this.fail(failure);
      throw failure;
    }
  }

  async #enter(given: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#phase !== 'out') throw new RoomError(-1, 'this component is in a room; call exitRoom first');
    const attempt = ++this.#attempt;
    this.configure(given);
    this.#setPhase('entering');
    try {
      this.#params = await enterParams(this.config, given['roomID'], attempt, this.#setup());
    } catch (error) {
      if (attempt === this.#attempt) this.#setPhase('out');
      throw error;
    }
    if (attempt !== this.#attempt) throw overtaken();
    this.views.enter(this.#params.roomID, this.config.userID);
    this.clearNotice(false);
    const entered = new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.transport.enter(this.#params);
    this.update();
    return entered;
  }

  /** Always resolves. Views stay, for the same room. */
  async exitRoom(): Promise<{ userList: RemoteUser[] }> {
    const wasIn = this.#phase !== 'out';
    this.#attempt++;
    this.#waiting?.reject(overtaken());
    this.#waiting = null;
    if (wasIn) this.#out();
    return { userList: this.getRemoteUserList() };
  }

  getRemoteUserList(): RemoteUser[] {
    return this.members.list();
  }

  get roomID(): number | string | null {
    return this.#params?.roomID ?? null;
  }

  #out(): void {
    this.transport.exit();
    this.members.clear();
    this.members.forgetWishes();
    this.#page = 0;
    this.#pageSize = PAGE_SIZE;
    this.#setPhase('out');
    if (this.config.enableIM) this.emit(EVENT.IM_NOT_READY, {});
  }

  // --- for the parts and the template ---

  emit(event: RoomEvent, data: unknown): void {
    this.events.emit(event, data);
  }

  /** Tells it to the page's handlers and to whoever looks at the screen. */
  fail({ code, message }: { code: number; message: string }): void {
    this.#notice = message;
    this.#noticeCode = code;
    this.update();
    this.emit(EVENT.ERROR, { code, message });
  }

  update(): void {
    this.#page = Math.min(this.#page, pageCount(this.members.all().length + 1, this.#pageSize) - 1);
    const { state } = this;
    this.#changed(state);
    this.transport.sync(state);
  }

  /** The words about what went wrong have been read. */
  clearNotice(update = true): void {
    this.#notice = '';
    this.#noticeCode = 0;
    if (update) this.update();
  }

  swap(): void {
    this.#swapped = !this.#swapped;
    this.update();
  }

  /** From 0; beyond the last is the last. */
  showPage(page: number): void {
    this.#page = Math.max(0, page);
    this.update();
  }

  setFront(front: boolean): void {
    this.#front = front;
    this.update();
  }

  get front(): boolean {
    return this.#front;
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.update();
  }

  // --- what the tags tell ---

  onPusherEvent(type: string, detail: Detail): void {
    this.transport.pusherEvent(type, detail);
  }

  onPlayerEvent(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void {
    this.transport.playerEvent(userID, streamType, type, detail);
  }

  #pusherTold(type: string, detail: Detail): void {
    switch (type) {
      case 'statechange': return this.#pusherState(detail.code ?? 0, detail.message ?? '');
      case 'netstatus': return this.emit(EVENT.LOCAL_NET_STATE_UPDATE, { pusher: detail, ...detail });
      case 'audiovolumenotify': return this.emit(EVENT.LOCAL_AUDIO_VOLUME_UPDATE, { pusher: detail, ...detail });
      case 'bgmstart': return this.emit(EVENT.BGM_PLAY_START, detail);
      case 'bgmprogress': return this.emit(EVENT.BGM_PLAY_PROGRESS, detail);
      case 'bgmcomplete': return this.emit(detail.code === 0 || detail.code === undefined ? EVENT.BGM_PLAY_COMPLETE : EVENT.BGM_PLAY_FAIL, detail);
      case 'roommessage': return this.#message(detail);
      case 'memberstate': return this.#memberState(String(detail['userID']), detail['state'] === 'paused');
      case 'error': return this.#pusherError(Number(detail['errCode']), String(detail['errMsg'] ?? ''));
      default: return undefined;
    }
  }

  #playerTold(userID: string, streamType: ViewStreamType, type: string, detail: Detail): void {
    const data = { userID, streamType, ...detail };
    switch (type) {
      case 'statechange': return this.emit(EVENT.REMOTE_STATE_UPDATE, data);
      case 'netstatus': return this.emit(EVENT.REMOTE_NET_STATE_UPDATE, data);
      case 'audiovolumenotify': return this.emit(EVENT.REMOTE_AUDIO_VOLUME_UPDATE, data);
      case 'fullscreenchange': return this.emit(EVENT.VIDEO_FULLSCREEN_UPDATE, data);
      default: return undefined;
    }
  }

  #pusherState(code: number, message: string): void {
    switch (code) {
      case 1018: return this.#entered();
      case 1019: return this.#left();
      case 1001: return this.#back();
      case 1102: return this.#phase === 'in' || this.#phase === 'suspended' ? this.#setPhase('reconnecting') : undefined;
      case 5000: case 5001: return this.#phase === 'in' || this.#phase === 'reconnecting' ? this.#setPhase('suspended') : undefined; // the seat is kept: no leave
      case 1020: return this.#userList(entriesOf(message));
      case 1031: return entriesOf(message).forEach(({ userid }) => this.#joined(userid));
      case 1032: return entriesOf(message).forEach(({ userid }) => this.#gone(userid));
      case 1033: return entriesOf(message).forEach((entry) => this.#video(entry));
      case 1034: return entriesOf(message).forEach((entry) => this.#audio(entry));
      default: return undefined;
    }
  }

  #entered(): void {
    if (this.#phase !== 'entering') return;
    const data = { userID: this.config.userID, roomID: this.roomID };
    this.#setPhase('in');
    this.#waiting?.resolve(data);
    this.#waiting = null;
    if (this.config.enableIM) this.emit(EVENT.IM_READY, {});
    this.emit(EVENT.LOCAL_JOIN, data);
  }

  #back(): void {
    if (this.#phase === 'reconnecting' || this.#phase === 'suspended') this.#setPhase('in');
  }

  #left(): void {
    const data = { userID: this.config.userID, roomID: this.roomID };
    if (this.#phase !== 'out' && this.#phase !== 'entering') this.#out(); // not by exitRoom
    this.emit(EVENT.LOCAL_LEAVE, data);
  }

  #pusherError(given: number, message: string): void {
    const code = DEVICE_REFUSALS[given] ?? given;
    const error = new RoomError(code, message);
    if (ENTER_FAILURES.has(code)) return this.#failed(error);
    if (code === 3004 && this.config.enableIM) this.emit(EVENT.IM_KICKED_OUT, { message });
    this.fail(error);
  }

  #failed(error: RoomError): void {
    if (this.#phase !== 'entering') return this.fail(error);
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#out();
    waiting?.reject(error); // enterRoom tells ERROR
  }

  /** The component is gone. */
  dispose(): void {
    void this.exitRoom();
    this.transport.dispose();
  }

  // --- the others ---

  /** Whoever the list has is there; those who left were told as such. */
  #userList(entries: readonly Entry[]): void {
    for (const { userid } of entries) this.#joined(userid);
  }

  #joined(userID: string): void {
    if (!this.members.join(userID)) return;
    this.update();
    this.emit(EVENT.REMOTE_USER_JOIN, { userID, userList: this.getRemoteUserList() });
  }

  #gone(userID: string): void {
    const member = this.members.leave(userID);
    if (!member) return;
    this.update();
    for (const [had, event, streamType] of [
      [member.hasMainVideo, EVENT.REMOTE_VIDEO_REMOVE, 'main'], [member.hasAuxVideo, EVENT.REMOTE_VIDEO_REMOVE, 'aux'],
      [member.hasMainAudio, EVENT.REMOTE_AUDIO_REMOVE, 'main'],
    ] as const) {
      if (had) this.emit(event, { userID, streamType, userList: this.getRemoteUserList() });
    }
    this.emit(EVENT.REMOTE_USER_LEAVE, { userID, userList: this.getRemoteUserList() });
  }

  #video({ userid, streamtype, hasvideo = false }: Entry): void {
    const member = this.#member(userid);
    const aux = streamtype === 'aux';
    if ((aux ? member.hasAuxVideo : member.hasMainVideo) === hasvideo) return;
    if (aux) member.hasAuxVideo = hasvideo;
    else member.hasMainVideo = hasvideo;
    this.update();
    this.emit(hasvideo ? EVENT.REMOTE_VIDEO_ADD : EVENT.REMOTE_VIDEO_REMOVE,
      { userID: userid, streamType: aux ? 'aux' : 'main', userList: this.getRemoteUserList() });
  }

  #audio({ userid, hasaudio = false }: Entry): void {
    const member = this.#member(userid);
    if (member.hasMainAudio === hasaudio) return;
    member.hasMainAudio = hasaudio;
    this.update();
    this.emit(hasaudio ? EVENT.REMOTE_AUDIO_ADD : EVENT.REMOTE_AUDIO_REMOVE,
      { userID: userid, streamType: 'main', userList: this.getRemoteUserList() });
  }

  #member(userID: string): Member {
    this.#joined(userID);
    return this.members.get(userID)!;
  }

  #memberState(userID: string, paused: boolean): void {
    const member = this.members.get(userID);
    if (!member || member.paused === paused) return;
    member.paused = paused;
    this.update();
    this.emit(paused ? EVENT.REMOTE_USER_PAUSED : EVENT.REMOTE_USER_RESUMED, { userID });
  }

  #message(detail: Detail): void {
    if (!this.config.enableIM) return;
    const message: RoomChatMessage | null = unpack(
      String(detail['userID']), this.config.userID, String(this.roomID),
      { cmdID: Number(detail['cmdID']), data: detail['data'] as ArrayBuffer }, Math.floor(Date.now() / 1000));
    if (message) this.emit(EVENT.IM_MESSAGE_RECEIVED, [message]);
  }

  /** The player's id in the page. */
  playerID(userID: unknown, streamType: unknown = 'main'): string {
    const player = this.state.streams.find((stream) => isPlayerOf(stream, userID, streamType));
    if (!player) throw new RoomError(-1, `there is no stream '${String(streamType)}' of '${String(userID)}' at the moment`);
    return player.id;
  }
}

/** exitRoom came before enterRoom was done; code 0, for nobody needs to be told. */
function overtaken(): RoomError {
  return new RoomError(0, 'exitRoom was called while entering');
}

function entriesOf(message: string): Entry[] {
  try {
    const { userlist } = JSON.parse(message) as { userlist?: Entry[] };
    return (userlist ?? []).filter(({ userid }) => typeof userid === 'string' && userid !== '');
  } catch {
    return [];
  }
}
