/**
 * One connection to a room: a SignalLink and a Transport that are made, negotiated and ended together. Where only the link is lost,
 * another one takes its place (relink); a transport is never revived, the Room makes a new connection.
 */

import { ridsToOffer } from '../media/layers.js';
import { Transport } from '../media/transport.js';
import type { Outgoing, TransportState } from '../media/transport.js';
import type { DownlinkSample } from '../media/steady-playout.js';
import { SteadyPlayout } from '../media/steady-playout.js';
import type { SoundSample } from '../media/steady-sound.js';
import { SteadySound } from '../media/steady-sound.js';
import type { UplinkSample } from '../media/uplink-floor.js';
import { UplinkFloor } from '../media/uplink-floor.js';
import { UplinkProbe } from '../media/uplink-probe.js';
import type { Platform } from '../platform/platform.js';
import { SignalLink } from '../signal/link.js';
import type { LinkHandlers } from '../signal/link.js';
import type {
  EnterRequest, EnterResult, Kind, Quality, Requests, SendTrack, Slot, StreamRef, VideoCodec, WireStream,
} from '../signal/messages.js';
import { LinkError, RpcError } from '../signal/rpc.js';
import { log } from '../util/log.js';
import { KINDS, STREAMS } from './keys.js';

/** What this user sends, as it is at the moment of asking. */
export interface Sending {
  outgoing(stream: WireStream, kind: Kind): Outgoing | null;
  isOn(stream: WireStream, kind: Kind): boolean;
  /** The room is for more than two. */
  readonly group: boolean;
  /** What video must be sent as; null = anything. */
  codec(): VideoCodec | null;
  /** The server is being told this now. */
  told(tracks: readonly SendTrack[]): void;
}

export interface ConnectionHandlers {
  transport(state: TransportState): void;
  /** A negotiation brought a new table. */
  slots(slots: readonly Slot[]): void;
}

export type SlotCounts = Readonly<Record<Kind, number>>;
export type Identity = Omit<EnterRequest, 'resume' | 'offer' | 'tracks'>;

/** More slots than needed now, so that a filling room is not negotiated member by member. */
const SPARE_SLOTS = 2;
/** The goodbye should arrive, but nobody waits long for a server that is gone. */
const EXIT_TIMEOUT_MS = 1_000;

export class Connection {
  readonly transport: Transport;
  readonly #newLink: () => SignalLink;
  #link: SignalLink;
  readonly #sending: Sending;
  readonly #handlers: ConnectionHandlers;
  readonly #floor = new UplinkFloor();
  readonly #probe = new UplinkProbe();
  readonly #playout = new Map<string, SteadyPlayout>();
  readonly #sound = new Map<string, SteadySound>();
  #negotiation: Promise<void> = Promise.resolve();
  #closed = false;
  #askedIn = false;

  constructor(platform: Platform, url: string, sending: Sending, handlers: ConnectionHandlers) {
    this.#newLink = () => new SignalLink(platform, url);
    this.#link = this.#newLink();
    this.#sending = sending;
    this.#handlers = handlers;
    this.transport = new Transport(platform, (state) => {
      if (!this.#closed) handlers.transport(state);
    });
  }

  /** Opens the socket while the offer is made, then asks to be let in: one request does it all. */
  async enter(identity: Identity, resume: string | null, slots: SlotCounts): Promise<EnterResult> {
    const opened = this.#link.open();
    opened.catch(() => undefined); // reported where it is awaited
    this.transport.requireCodec(this.#sending.codec());
    this.transport.addSender('main', 'audio');
    this.#addSender('main', 'video');
    this.#addMissingSenders();
    for (const kind of KINDS) this.transport.addSlots(kind, slots[kind]);
    await this.#applyOutgoing();
    const offer = await this.transport.offer();
    await opened;
    const tracks = this.#tellTracks();
    this.#askedIn = true;
    const result = await this.#link.request('enter', { ...identity, resume, offer, tracks });
    await this.transport.answer(result.answer);
    return result;
  }

  /**
   * Another link for the media that are there. `kept`: they go on. Otherwise the server had none of them any more, and what it was asked
   * for is worth no more than the seat that came with it.
   */
  relink(identity: Identity, resume: string | null): Promise<{ result: EnterResult; kept: boolean }> {
    this.#link.close();
    const run = async (): Promise<{ result: EnterResult; kept: boolean }> => {
      if (this.#closed) throw new LinkError('closed', 'the connection was closed');
      const link = this.#newLink();
      this.#link = link;
      await link.open();
      const offer = await this.transport.offer();
      const tracks = this.#tellTracks();
      try {
        const result = await link.request('enter', { ...identity, resume, offer, tracks });
        const kept = result.resumed && this.transport.isOtherEnd(result.answer);
        if (kept) await this.transport.answer(result.answer);
        return { result, kept };
      } catch (error) {
        await this.transport.rollback(); // there may be another try
        throw error;
      }
    };
    const turn = this.#negotiation.then(run);
    this.#negotiation = turn.then(() => undefined, () => undefined);
    return turn;
  }

  /** Notifications come from here on. */
  start(handlers: LinkHandlers): void {
    this.#link.start(handlers);
  }

  request<M extends keyof Requests>(method: M, params: Requests[M][0]): Promise<Requests[M][1]> {
    return this.#link.request(method, params);
  }

  probe(): void {
    this.#link.probe();
  }

  /** Puts what is to be sent on its section, which is negotiated first if it is not there yet. */
  async send(stream: WireStream, kind: Kind): Promise<void> {
    const outgoing = this.#sending.outgoing(stream, kind);
    if (outgoing && !this.transport.hasSender(stream, kind)) {
      await this.#negotiate(() => this.#addMissingSenders());
    } else {
      await this.transport.setOutgoing(stream, kind, outgoing);
    }
  }

  /** Resolves with the slot's mid, null when the stream is not published yet. Makes room when there is none. */
  async subscribe(ref: StreamRef, quality?: Quality): Promise<string | null> {
    const params = quality ? { ...ref, quality } : ref;
    const had = this.transport.slotCount(ref.kind); // others may make room meanwhile
    try {
      return (await this.#link.request('subscribe', params)).mid ?? null;
    } catch (error) {
      if (!(error instanceof RpcError) || error.data?.name !== 'no_slot') throw error;
      await this.growSlots(ref.kind, had + 1);
      return (await this.#link.request('subscribe', params)).mid ?? null;
    }
  }

  /** At least `count` slots; several callers at once lead to one negotiation. */
  growSlots(kind: Kind, count: number): Promise<void> {
    return this.#negotiate(() => {
      const missing = count - this.transport.slotCount(kind);
      if (missing > 0) this.transport.addSlots(kind, missing + SPARE_SLOTS);
      return missing > 0;
    });
  }

  /** What video is sent as follows what it must be, by a negotiation where that changes a section. */
  followCodec(): Promise<void> {
    return this.#negotiate(() => this.transport.requireCodec(this.#sending.codec()));
  }

  /** What the network does to what is sent, every 2 s. */
  followUplink(sample: UplinkSample): void {
    const kbps = this.#floor.next(sample);
    const probe = this.#probe.next(sample);
    const turn = this.#negotiation.then(() => (this.#closed ? undefined : this.transport.steerUplink(kbps, probe)));
    this.#negotiation = turn.catch((error) => log.warn('the uplink could not be steered', error)); // the call goes on as it was
  }

  /** What the network does to the pictures that come, every 2 s. */
  followDownlinks(samples: readonly DownlinkSample[]): void {
    for (const { mid, ...sample } of samples) {
      const playout = this.#playout.get(mid) ?? new SteadyPlayout();
      this.#playout.set(mid, playout);
      this.transport.setSlotNeed(mid, playout.next(sample));
    }
  }

  /** How the sound that comes is played, every 2 s. */
  followSounds(samples: readonly SoundSample[]): void {
    for (const { mid, ...sample } of samples) {
      const sound = this.#sound.get(mid) ?? new SteadySound();
      this.#sound.set(mid, sound);
      this.transport.setSlotNeed(mid, sound.next(sample));
    }
  }

  async exit(): Promise<void> {
    try {
      await this.#link.request('exit', {}, EXIT_TIMEOUT_MS);
    } catch {
      // Gone either way; the server sees the socket close.
    }
  }

  /**
   * As close(), of a connection whose entering is not answered yet: the server may have let the user in
   * already, and takes what follows on the same socket in order.
   */
  giveUp(): void {
    if (this.#askedIn) void this.exit();
    this.close();
  }

  closeLink(): void {
    this.#link.close();
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
    this.transport.close();
  }

  /** One negotiation after the other. `add` runs when it is its turn and says whether there is anything to do. */
  #negotiate(add: () => boolean): Promise<void> {
    const run = async (): Promise<void> => {
      if (this.#closed || !add()) return;
      await this.#applyOutgoing();
      const offer = await this.transport.offer();
      const tracks = this.#tellTracks();
      try {
        const { answer, slots } = await this.#link.request('negotiate', { offer, tracks });
        await this.transport.answer(answer);
        if (!this.#closed) this.#handlers.slots(slots);
      } catch (error) {
        await this.transport.rollback();
        throw error;
      }
    };
    const turn = this.#negotiation.then(run);
    this.#negotiation = turn.catch(() => undefined);
    return turn;
  }

  #addMissingSenders(): boolean {
    let added = false;
    for (const stream of STREAMS) {
      for (const kind of KINDS) {
        if (!this.#sending.outgoing(stream, kind) || this.transport.hasSender(stream, kind)) continue;
        this.#addSender(stream, kind);
        added = true;
      }
    }
    return added;
  }

  /** Cameras may come in several sizes; what a shared screen shows is to be read. */
  #addSender(stream: WireStream, kind: Kind): void {
    const camera = stream === 'main' && kind === 'video';
    const encoding = this.#sending.outgoing(stream, kind)?.encoding ?? null;
    this.transport.addSender(stream, kind, camera ? ridsToOffer(encoding, this.#sending.group) : []);
  }

  /** The app wants a small picture, and the camera's section was offered without: only another connection has one. */
  lacksSmall(): boolean {
    const encoding = this.#sending.outgoing('main', 'video')?.encoding;
    return Boolean(encoding?.small) && !this.transport.isLayered('main', 'video')
      && ridsToOffer(encoding!, this.#sending.group).length > 0;
  }

  async #applyOutgoing(): Promise<void> {
    for (const stream of STREAMS) {
      for (const kind of KINDS) {
        await this.transport.setOutgoing(stream, kind, this.#sending.outgoing(stream, kind));
      }
    }
  }

  #tellTracks(): SendTrack[] {
    const tracks = this.transport.tracks((stream, kind) => this.#sending.isOn(stream, kind));
    this.#sending.told(tracks);
    return tracks;
  }
}
