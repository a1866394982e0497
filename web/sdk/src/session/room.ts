/**
 * One visit of a room, from enter() to its end, over as many connections as that takes.
 *
 * What the user wants (publications, subscriptions, outgoing tracks) lives here and is replayed on each new connection; what the
 * server told lives here too, so that a lost connection changes nothing until the next one says so.
 *
 * States:  idle -> entering -> entered <-> reconnecting -> closed
 *          (closed from anywhere: exit(), kicked, or an error that will not go away by itself)
 */

import { aborted, ERROR_CODE, invalidOperation, OPERATION_EXTRA_CODE, RtcError } from '../errors.js';
import type { ConnectionReason, ConnectionState, KickedOut } from '../events.js';
import type { Outgoing, Transport, TransportState } from '../media/transport.js';
import type { DownlinkSample } from '../media/steady-playout.js';
import type { SoundSample } from '../media/steady-sound.js';
import type { UplinkSample } from '../media/uplink-floor.js';
import type { Cancel, Platform } from '../platform/platform.js';
import type {
  EnterResult, Kind, Notification, Notifications, Quality, QualityReport, SendTrack, Slot, Speaker,
  StreamRef, VideoCodec, WireStream,
} from '../signal/messages.js';
import { LinkError, RpcError } from '../signal/rpc.js';
import type { StatsEntry } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { log } from '../util/log.js';
import type { Identity } from './connection.js';
import { Connection } from './connection.js';
import { KINDS, STREAMS } from './keys.js';
import type { MemberChange } from './members.js';
import { MemberTable } from './members.js';
import { toRtcError } from './problems.js';
import { Publications } from './publications.js';
import { isTransient, reconnectDelay } from './reconnect.js';
import { SlotTable } from './slots.js';
import type { SubscriptionRequest } from './subscriptions.js';
import { Subscriptions } from './subscriptions.js';

export interface RoomParams {
  url: string;
  /** All of `enter` that stays the same from connection to connection. */
  identity: Identity;
  automatic: { audio: boolean; video: boolean };
}

export interface RoomEvents {
  /** `reason`: of RECONNECTING and DISCONNECTED. */
  state: { previous: ConnectionState; state: ConnectionState; reason?: ConnectionReason };
  member: MemberChange;
  /** Tracks of remote streams may have changed: ask trackOf() again. */
  tracks: undefined;
  message: Notifications['message'];
  quality: QualityReport;
  /** The others who are heard. */
  speakers: Speaker[];
  kicked: KickedOut['reason'];
  /** Goes on by itself; for the application to know. */
  trouble: RtcError;
  /** The visit is over. */
  failed: RtcError;
}

const KICK_REASONS: Readonly<Record<string, KickedOut['reason']>> = {
  replaced: 'replaced', banned: 'banned', removed: 'kick',
};
/** Before the first entry succeeds, as opposed to later, trying on forever would hide a wrong address. */
const ENTER_ATTEMPTS = 3;
/** The old connection is kept this long for its pictures if the new one carries nothing. */
const HANDOVER_MS = 5_000;
/** Media that were kept while the link was lost are looked at so often, and given up after so many times without anything. */
const KEPT_ROUND_MS = 1_000;
const KEPT_ROUNDS = 4;

export class Room extends Emitter<RoomEvents> {
  readonly #platform: Platform;
  readonly #params: RoomParams;
  readonly #members = new MemberTable();
  #slots = new SlotTable();
  readonly #subscriptions: Subscriptions;
  readonly #publications = new Publications();
  readonly #outgoing = new Map<string, Outgoing>();

  readonly #delays = new Map<string, number>();
  /** What the server wants video to be sent as; null = nothing special. */
  #videoCodec: VideoCodec | null = null;

  #state: ConnectionState = 'DISCONNECTED';
  #closed = false;
  #current: Connection | null = null;
  /** Being made; closed by whoever ends the attempt. */
  #making: Connection | null = null;
  /** Replaced, but its pictures stay on the screen until the successor has them. */
  #retiring: { transport: Transport; slots: SlotTable } | null = null;
  #cancelRetire: Cancel = () => {};
  /** The server has been asked again for all that was wanted before. */
  #caughtUp = false;
  #resume: string | null = null;
  #attempt = 0;
  #cancelRetry: Cancel = () => {};
  #cancelWatch: Cancel = () => {};
  #mediaTroubleTold = false;
  /** Of the last loss: media may have gone on. */
  #onlyLinkLost = false;
  #suspended = false;
  #rejectEnter: (error: RtcError) => void = () => {};

  constructor(platform: Platform, params: RoomParams) {
    super();
    this.#platform = platform;
    this.#params = params;
    this.#subscriptions = new Subscriptions(params.automatic);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Once per Room. Rejects when the server refuses or cannot be reached, and when exit() comes first. */
  async enter(): Promise<void> {
    this.#setState('CONNECTING');
    const abort = new Promise<never>((_, reject) => {
      this.#rejectEnter = reject;
    });
    try {
      await Promise.race([this.#enterWithRetries(), abort]);
    } catch (error) {
      this.#close(error instanceof RpcError ? 'refused' : 'unreachable');
      throw toRtcError(error);
    }
  }

  /** Silent from here on. Resolves when the server knows, or soon after when it does not answer. */
  async exit(): Promise<void> {
    if (this.#closed) return;
    const goodbye = this.#state === 'CONNECTED' ? this.#current?.exit() : undefined;
    this.#current?.transport.close();
    this.#rejectEnter(aborted('exitRoom was called while entering'));
    this.#finish('exit');
    await goodbye;
    this.#close('exit');
  }

  /** The page goes away: there is no time to wait for anything. */
  abandon(): void {
    if (this.#closed) return;
    if (this.#state === 'CONNECTED') void this.#current?.exit();
    this.#close('exit');
  }

  /**
   * The application goes to the background: the connection is given up without a goodbye, so that the
   * server keeps the seat and tells the others "paused". Nothing is tried until wake(). Has no effect
   * before the room is entered.
   */
  suspend(): void {
    if (this.#closed || this.#suspended) return;
    if (this.#state !== 'CONNECTED' && this.#state !== 'RECONNECTING') return;
    this.#suspended = true;
    this.#cancelRetry();
    this.#making?.close();
    this.#making = null;
    this.#current?.close();
    this.#setState('RECONNECTING', 'suspended');
  }

  /** The end of suspend(): back into the seat at once. */
  wake(): void {
    if (this.#closed || !this.#suspended) return;
    this.#suspended = false;
    this.nudge();
  }

  /** The network or the page is back: no reason to wait out a delay, every reason to check. */
  nudge(): void {
    if (this.#closed || this.#suspended) return;
    if (this.#state === 'CONNECTED') {
      this.#current?.probe();
    } else if (this.#state === 'RECONNECTING' && !this.#making) {
      this.#attempt = 0;
      this.#cancelRetry();
      void this.#reconnect();
    }
  }

  /**
   * What is sent on a stream, and whether the others may have it; null = nothing. Resolves when the
   * server knows, at once while there is no connection.
   */
  async setOutgoing(
    stream: WireStream, kind: Kind, outgoing: Outgoing | null, on: boolean,
  ): Promise<void> {
    const key = `${stream}/${kind}`;
    if (outgoing) this.#outgoing.set(key, outgoing);
    else this.#outgoing.delete(key);
    this.#publications.want(stream, kind, on && outgoing !== null);
    // One that is being made has taken its tracks already, or will not have this section yet; #adopt
    // tells the server the rest.
    await this.#making?.transport.setOutgoing(stream, kind, outgoing);
    await this.#tell(async () => this.#current?.send(stream, kind));
    this.#renewForSmall();
    await this.#tellPublications();
  }

  /** Resolves when the server knows; at once while there is no connection or no such member. */
  async want(ref: StreamRef, on: boolean): Promise<void> {
    this.#subscriptions.want(ref, on);
    this.#tracksChanged();
    await this.#tellSubscriptions();
  }

  /** In which size to receive a video, from now on or from when it is wanted. */
  async setQuality(ref: StreamRef, quality: Quality): Promise<void> {
    this.#subscriptions.setQuality(ref, quality);
    await this.#tellSubscriptions();
  }

  async wantAllAudio(on: boolean): Promise<void> {
    this.#subscriptions.wantAllAudio(on);
    this.#tracksChanged();
    await this.#tellSubscriptions();
  }

  async sendMessage(message: { to?: string; cmdId: number; data: string }): Promise<void> {
    if (this.#state !== 'CONNECTED' || !this.#current) {
      throw invalidOperation('there is no connection to the room at the moment');
    }
    await this.#current.request('message', message);
  }

  userIds(): string[] {
    return this.#members.userIds();
  }

  isOn(ref: StreamRef): boolean {
    return this.#members.isOn(ref.userId, ref.stream, ref.kind);
  }

  /** What arrives of a remote stream; null when it is off, not wanted, or has no slot yet. */
  trackOf(ref: StreamRef): MediaStreamTrack | null {
    if (!this.isOn(ref) || !this.#subscriptions.isWanted(ref)) return null;
    const mid = this.#slots.midOf(ref);
    if (mid !== undefined) return this.#current?.transport.slotTrack(mid) ?? null;
    const formerMid = this.#retiring?.slots.midOf(ref);
    return formerMid === undefined ? null : this.#retiring!.transport.slotTrack(formerMid);
  }

  /** Sound and picture of a user are kept for at least so long (milliseconds) before they are played; null = no longer than needed. */
  setDelay(userId: string, delay_ms: number | null): void {
    if (delay_ms === null) this.#delays.delete(userId);
    else this.#delays.set(userId, delay_ms);
    this.#tracksChanged();
  }

  /** Which remote stream a receiving section of the present connection carries, and whether small is what was asked for. */
  streamAt(mid: string): (StreamRef & { small: boolean }) | undefined {
    const slot = this.#slots.at(mid);
    return slot && { ...slot, small: this.#subscriptions.qualityOf(slot) === 'small' };
  }

  /** Which own stream a sending section of the present connection carries. */
  ownStreamAt(mid: string): { stream: WireStream; kind: Kind } | undefined {
    return this.#current?.transport.tracks(() => false).find((track) => track.mid === mid);
  }

  async stats(): Promise<StatsEntry[]> {
    return (await this.#current?.transport.stats()) ?? [];
  }

  followUplink(sample: UplinkSample): void {
    this.#current?.followUplink(sample);
  }

  followDownlinks(samples: readonly DownlinkSample[]): void {
    this.#current?.followDownlinks(samples);
  }

  followSounds(samples: readonly SoundSample[]): void {
    this.#current?.followSounds(samples);
  }

  // --- connections ---

  async #enterWithRetries(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        const again = error instanceof LinkError || (error instanceof RpcError && isTransient(error));
        if (!again || this.#closed || attempt >= ENTER_ATTEMPTS) throw error;
        await this.#pause(reconnectDelay(attempt, this.#platform.random()));
        if (this.#closed) throw error;
      }
    }
  }

  #pause(delay_ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cancelRetry = this.#platform.setTimer(delay_ms, resolve);
    });
  }

  /** One attempt. On success it is the current connection. */
  async #connect(): Promise<void> {
    const connection = this.#makeConnection();
    this.#making = connection;
    try {
      const result = await connection.enter(this.#params.identity, this.#resume, this.#slotCounts());
      if (this.#making !== connection) throw aborted('the room was left while entering');
      this.#adopt(connection, result);
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      if (this.#making === connection) this.#making = null;
    }
  }

  /** A new link for the media that are there; where the server has them no more, a whole new connection. */
  async #relink(connection: Connection): Promise<void> {
    this.#making = connection;
    try {
      const { result, kept } = await connection.relink(this.#params.identity, this.#resume);
      if (this.#making !== connection) throw aborted('the room was left while coming back');
      if (kept) {
        this.#adopt(connection, result);
        return void this.#watchKept(connection);
      }
      this.#resume = result.resume;
    } catch (error) {
      const offerRefused = error instanceof RpcError && error.data?.name === 'sdp_invalid';
      if (error instanceof LinkError || (error instanceof RpcError && !offerRefused) || this.#making !== connection) throw error;
      log.warn('the media could not be kept', error);
    } finally {
      if (this.#making === connection) this.#making = null;
    }
    connection.closeLink(); // nothing is negotiated any more on media that are given up
    await this.#connect();
  }

  /**
   * The link may be lost because the network is another one now, and the way of the media with it, which browsers notice after some ten
   * seconds. Something comes at least with each answer to their checks, every 2.5 s.
   */
  async #watchKept(connection: Connection, before: number | null = null, rounds = KEPT_ROUNDS): Promise<void> {
    const heard = await connection.transport.heard();
    if (this.#current !== connection || this.#state !== 'CONNECTED') return;
    // Less: a way that is gone is counted no more.
    if (before !== null && !(heard <= before)) return;
    if (rounds === 0) return this.#lost(connection, 'media', 'nothing comes on the way of the media that were kept');
    this.#cancelWatch();
    this.#cancelWatch = this.#platform.setTimer(KEPT_ROUND_MS, () => void this.#watchKept(connection, heard, rounds - 1));
  }

  #makeConnection(): Connection {
    const sending = {
      outgoing: (stream: WireStream, kind: Kind) => this.#outgoing.get(`${stream}/${kind}`) ?? null,
      isOn: (stream: WireStream, kind: Kind) => this.#publications.isWanted(stream, kind),
      told: (tracks: readonly SendTrack[]) => this.#publications.toldByTracks(tracks),
      group: this.#params.identity.template !== '1v1',
      codec: () => this.#videoCodec,
    };
    const connection: Connection = new Connection(this.#platform, this.#params.url, sending, {
      transport: (state) => this.#transportChanged(connection, state),
      slots: (slots) => this.#slotsChanged(connection, slots),
    });
    return connection;
  }

  /** A pair sends one voice and two pictures, camera and screen; anything else grows as it fills. */
  #slotCounts(): Record<Kind, number> {
    const pair = this.#params.identity.template === '1v1';
    const former = this.#current?.transport;
    return {
      audio: Math.max(pair ? 1 : 4, former?.slotCount('audio') ?? 0),
      video: Math.max(pair ? 2 : 4, former?.slotCount('video') ?? 0),
    };
  }

  #adopt(connection: Connection, result: EnterResult): void {
    const former = this.#current;
    if (former && former !== connection) {
      former.closeLink();
      this.#retire(former.transport, this.#slots);
    }
    this.#current = connection;
    this.#making = null;
    this.#resume = result.resume;
    if (result.videoCodec !== undefined) this.#videoCodec = result.videoCodec === 'h264' ? 'h264' : null;
    this.#subscriptions.newSession(result.resumed);
    this.#slots = new SlotTable();
    this.#slots.replace(result.slots);
    this.#caughtUp = false;

    this.#setState('CONNECTED');
    for (const change of this.#members.replaceAll(result.members)) this.emit('member', change);
    this.#tracksChanged();
    connection.start({
      notification: (notification) => this.#notified(connection, notification),
      lost: () => this.#lost(connection, 'network', 'the connection to the server was lost'),
    });
    this.#transportChanged(connection, connection.transport.state);
    this.#report(this.#catchUp(connection).finally(() => {
      if (this.#current !== connection) return;
      this.#caughtUp = true;
      this.#succeed(connection);
      this.#renewForSmall();
    }));
  }

  /** What changed while the connection was made. */
  async #catchUp(connection: Connection): Promise<void> {
    for (const stream of STREAMS) {
      for (const kind of KINDS) {
        if (this.#outgoing.has(`${stream}/${kind}`) && !connection.transport.hasSender(stream, kind)) {
          await this.#tell(() => connection.send(stream, kind));
        }
      }
    }
    await Promise.all([this.#tell(() => connection.followCodec()), this.#tellPublications(), this.#tellSubscriptions()]);
  }

  /** Keeps a replaced connection until its successor carries media, so that pictures do not go black. */
  #retire(transport: Transport, slots: SlotTable): void {
    this.#endRetirement();
    this.#retiring = { transport, slots };
    this.#cancelRetire = this.#platform.setTimer(HANDOVER_MS, () => this.#endRetirement());
  }

  /** The predecessor may go when this connection carries media and has a slot for all that was shown. */
  #succeed(connection: Connection): void {
    if (this.#caughtUp && connection.transport.state === 'connected') this.#endRetirement();
  }

  #endRetirement(): void {
    this.#cancelRetire();
    if (!this.#retiring) return;
    this.#retiring.transport.close();
    this.#retiring = null;
    if (!this.#closed) this.#tracksChanged();
  }

  #transportChanged(connection: Connection, state: TransportState): void {
    if (this.#current !== connection) return; // #adopt looks at the state by itself
    if (state === 'connected') {
      this.#attempt = 0;
      this.#mediaTroubleTold = false;
      this.#succeed(connection);
    } else if (state === 'lost') {
      if (!connection.transport.everConnected) this.#tellMediaTrouble();
      this.#lost(connection, 'media', 'no media packets get through any more');
    }
  }

  /** Once, not with every attempt. */
  #tellMediaTrouble(): void {
    if (this.#mediaTroubleTold) return;
    this.#mediaTroubleTold = true;
    this.emit('trouble', new RtcError({
      code: ERROR_CODE.OPERATION_FAILED,
      extraCode: OPERATION_EXTRA_CODE.MEDIA_UNREACHABLE,
      message: 'the server answers, but no sound or picture can get through: its UDP media port is not '
        + 'reachable from here. Check firewalls, and --public-address on the server',
    }));
  }

  #slotsChanged(connection: Connection, slots: readonly Slot[]): void {
    if (this.#current !== connection) return;
    this.#slots.replace(slots);
    this.#tracksChanged();
  }

  /** Slots pass from one stream to another: what was set for the former must not stay. */
  #tracksChanged(): void {
    for (const { mid, userId } of this.#slots.all()) {
      this.#current?.transport.setSlotDelay(mid, this.#delays.get(userId) ?? null);
    }
    this.emit('tracks', undefined);
  }

  #lost(connection: Connection, reason: ConnectionReason, why: string): void {
    if (this.#current !== connection || this.#state !== 'CONNECTED') return;
    log.warn(why);
    connection.closeLink(); // without `exit`: the seat is kept
    this.#onlyLinkLost = reason === 'network';
    this.#setState('RECONNECTING', reason);
    if (!this.#closed) this.#scheduleReconnect();
  }

  /** A camera's section that was offered in one size cannot get a second one: another connection takes its place. */
  #renewForSmall(): void {
    const current = this.#current;
    if (!current || this.#state !== 'CONNECTED' || this.#making || !current.lacksSmall()) return;
    current.closeLink(); // the seat is kept, and its pictures until the successor has them
    this.#onlyLinkLost = false;
    this.#setState('RECONNECTING', 'small');
    void this.#reconnect();
  }

  #scheduleReconnect(): void {
    this.#cancelRetry();
    const delay_ms = reconnectDelay(this.#attempt++, this.#platform.random());
    this.#cancelRetry = this.#platform.setTimer(delay_ms, () => void this.#reconnect());
  }

  async #reconnect(): Promise<void> {
    const current = this.#current;
    try {
      if (current && this.#onlyLinkLost && current.transport.carries) await this.#relink(current);
      else await this.#connect();
    } catch (error) {
      // Given up by suspend(), and perhaps begun anew by wake() already.
      if (this.#closed || this.#suspended || this.#making || this.#state !== 'RECONNECTING') return;
      if (isTransient(error)) {
        log.info('reconnecting failed', error);
        this.#scheduleReconnect();
      } else {
        this.#close('refused');
        this.emit('failed', toRtcError(error));
      }
    }
  }

  // --- what the server tells ---

  #notified(connection: Connection, notification: Notification): void {
    if (this.#closed || this.#current !== connection) return;
    switch (notification.method) {
      case 'memberJoined':
        this.#membersChanged(this.#members.join(notification.params.userId));
        break;
      case 'memberLeft':
        this.#subscriptions.memberLeft(notification.params.userId);
        this.#membersChanged(
          this.#members.leave(notification.params.userId, notification.params.reason));
        break;
      case 'memberPaused':
        this.#membersChanged(this.#members.pause(notification.params.userId));
        break;
      case 'memberResumed':
        this.#membersChanged(this.#members.resume(notification.params.userId));
        break;
      case 'streams':
        this.#membersChanged(
          this.#members.streams(notification.params.userId, notification.params.streams));
        break;
      case 'slots':
        this.#slotsChanged(connection, notification.params.slots);
        break;
      case 'quality':
        this.emit('quality', notification.params);
        break;
      case 'bitrateLimit':
        void connection.transport.limitVideo(notification.params.stream, notification.params.maxBitrate);
        break;
      case 'layers':
        void connection.transport.needLayers(notification.params.stream, notification.params.active);
        break;
      case 'videoCodec':
        this.#videoCodec = notification.params.codec === 'h264' ? 'h264' : null;
        this.#report(this.#tell(() => connection.followCodec()));
        break;
      case 'speakers':
        this.emit('speakers', notification.params.speakers.filter(
          ({ userId }) => userId !== this.#params.identity.userId));
        break;
      case 'message':
        this.emit('message', notification.params);
        break;
      case 'kicked':
        if (notification.params.reason === 'media_timeout') {
          this.#lost(connection, 'media', 'the server heard no media from here');
        } else {
          this.#kicked(KICK_REASONS[notification.params.reason] ?? 'kick');
        }
        break;
      case 'dismissed':
        this.#kicked('room_disband');
        break;
      case 'draining':
        this.#lost(connection, 'draining', 'the server is stopping');
        break;
      default:
        log.debug('unknown notification', notification);
    }
  }

  #membersChanged(changes: MemberChange[]): void {
    for (const change of changes) this.emit('member', change);
    this.#tracksChanged();
    this.#report(this.#tellSubscriptions());
  }

  #kicked(reason: KickedOut['reason']): void {
    this.#close(reason);
    this.emit('kicked', reason);
  }

  // --- what the server is told ---

  async #tellPublications(): Promise<void> {
    const current = this.#current;
    if (!current || this.#state !== 'CONNECTED') return;
    const requests = this.#publications.takeRequests(
      (stream, kind) => current.transport.isNegotiated(stream, kind));
    await Promise.all(requests.map((request) => this.#tell(async () => {
      try {
        await current.request('publish', request);
      } catch (error) {
        if (error instanceof RpcError) this.#publications.refused(request);
        throw error;
      }
    })));
  }

  async #tellSubscriptions(): Promise<void> {
    const current = this.#current;
    if (!current || this.#state !== 'CONNECTED') return;
    const requests = this.#subscriptions.takeRequests(this.#members.userIds());
    await Promise.all(requests.map((request) => this.#tell(() => this.#askFor(current, request))));
    await this.#tell(() => this.#growForAutomatic(current));
  }

  async #askFor(current: Connection, request: SubscriptionRequest): Promise<void> {
    const { on, quality, ...ref } = request;
    try {
      if (on) this.#assign(current, ref, await current.subscribe(ref, quality));
      else await current.request('unsubscribe', ref);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.data?.name === 'member_not_found') {
        this.#subscriptions.memberLeft(ref.userId); // it left in this moment; asked again if it returns
        return;
      }
      this.#subscriptions.forget(ref);
      throw error;
    }
  }

  #assign(connection: Connection, ref: StreamRef, mid: string | null): void {
    if (mid === null || this.#current !== connection) return;
    this.#slots.assign({ ...ref, mid });
    this.#tracksChanged();
  }

  /** Streams that the server subscribes by itself have no request that could be refused for want of a slot. */
  async #growForAutomatic(current: Connection): Promise<void> {
    for (const kind of KINDS) {
      const wanted = this.#wantedStreams(kind);
      if (wanted.length <= current.transport.slotCount(kind)) continue;
      await current.growSlots(kind, wanted.length);
      for (const ref of this.#wantedStreams(kind)) {
        if (this.#slots.midOf(ref) !== undefined) continue;
        this.#assign(current, ref, await current.subscribe(ref, this.#subscriptions.qualityOf(ref)));
      }
    }
  }

  #wantedStreams(kind: Kind): StreamRef[] {
    const refs = this.#members.userIds().flatMap(
      (userId) => STREAMS.map((stream) => ({ userId, stream, kind })));
    return refs.filter((ref) => this.isOn(ref) && this.#subscriptions.isWanted(ref));
  }

  /** Runs a request; that the connection is lost meanwhile is no error, for the next one replays it. */
  async #tell(request: () => Promise<void>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (this.#closed || error instanceof LinkError) return;
      throw toRtcError(error);
    }
  }

  /** For requests that nobody waits for. */
  #report(request: Promise<void>): void {
    request.catch((error: unknown) => this.emit('trouble', toRtcError(error)));
  }

  // --- the end ---

  #setState(state: ConnectionState, reason?: ConnectionReason): void {
    if (this.#state === state) return;
    const previous = this.#state;
    this.#state = state;
    this.emit('state', { previous, state, ...(reason ? { reason } : {}) });
  }

  /** Over for the application: nothing is reported any more but the state. */
  #finish(reason: ConnectionReason): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelWatch();
    this.#setState('DISCONNECTED', reason);
  }

  #close(reason: ConnectionReason): void {
    this.#finish(reason);
    this.#endRetirement();
    this.#making?.giveUp(); // before the other, which may be the same with another link
    this.#current?.close();
    this.#current = null;
    this.#making = null;
    this.#members.clear();
    this.#slots.replace([]);
  }
}
