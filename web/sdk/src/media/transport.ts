/**
 * One peer connection, from its first offer to its end: sending sections, receiving slots.
 *
 * Sections are only ever added. Tracks come and go on a sending section without negotiation. The
 * caller serialises negotiations: offer() and answer() alternate.
 */

import type { Cancel, PeerConnection, Platform, Size, Transceiver } from '../platform/platform.js';
import type { Kind, SendTrack, VideoCodec, WireStream } from '../signal/messages.js';
import type { StatsEntry } from '../types.js';
import { log } from '../util/log.js';
import { Serial } from '../util/serial.js';
import { preferredVideoCodecs } from './codecs.js';
import type { SmallWish } from './layers.js';
import { layout } from './layers.js';
import { acceptStereo, allowUplink, codecOf, holdUplink, iceUfragOf, offerAudioNack, offerH264First, tuneOpusSender } from './sdp.js';

/** How a track is to be encoded. */
export interface Encoding {
  /** kbit/s */
  bitrate: number;
  /** frames/s; video only */
  frameRate?: number;
  /** audio only */
  stereo?: boolean;
  /** video only: what gives way when the network is narrow */
  degradation?: RTCDegradationPreference;
  /** video only: of the captured picture, where it is known */
  size?: Size;
  /** video only: missing = as the room has it */
  small?: SmallWish;
}

/** With a member that the DOM types do not know yet. */
interface LayeredEncoding extends RTCRtpEncodingParameters {
  scaleResolutionDownTo?: { maxWidth: number; maxHeight: number };
}

export interface Outgoing {
  track: MediaStreamTrack;
  encoding: Encoding;
}

interface SendSection {
  stream: WireStream;
  kind: Kind;
  transceiver: Transceiver;
  negotiated: boolean;
  encoding: Encoding | null;
  /** kbit/s that the receivers can take; 0 = no limit */
  limit: number;
  /** Offered with several encodings; the answer may have left one. */
  layered: boolean;
  /** Names of the encodings that somebody needs; null = not said. */
  needed: ReadonlySet<string> | null;
  /** Of the last answer; null = none yet. */
  codec: string | null;
  /** Of the last offer. */
  required: VideoCodec | null;
}

/** `lost`: for good, or for longer than a short break of the network lasts. */
export type TransportState = 'new' | 'connected' | 'lost' | 'closed';

/**
 * How long a connection may be without answers to its checks before it is given up. Where half of all
 * packets are lost, a run of checks is too, while media still flow.
 */
export const DISCONNECTED_GRACE_MS = 8_000;
/** From the answer to the first connection: many ICE checks and DTLS repeats long. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** What Chromium takes for the most when nothing is said. */
const UNLIMITED_KBPS = 5_000;

export class Transport {
  readonly #platform: Platform;
  readonly #pc: PeerConnection;
  readonly #onState: (state: TransportState) => void;
  readonly #send: SendSection[] = [];
  readonly #slots: Record<Kind, Transceiver[]> = { audio: [], video: [] };
  #state: TransportState = 'new';
  readonly #encodings = new Serial();
  #required: VideoCodec | null = null;
  /** The last one; null = none yet. */
  #answer: string | null = null;
  #floor_kbps = 0;
  #probes = 0;
  readonly #wished_ms = new Map<string, number | null>();
  readonly #needed_ms = new Map<string, number | null>();
  #everConnected = false;
  #cancelTimer: Cancel = () => {};

  constructor(platform: Platform, onState: (state: TransportState) => void) {
    this.#platform = platform;
    this.#onState = onState;
    this.#pc = platform.createPeerConnection(() => this.#connectionStateChanged());
  }

  get state(): TransportState {
    return this.#state;
  }

  /** Media get through at the moment, as far as the browser knows. */
  get carries(): boolean {
    return this.#state === 'connected' && this.#pc.connectionState === 'connected';
  }

  /** False for a connection that never carried a packet. */
  get everConnected(): boolean {
    return this.#everConnected;
  }

  hasSender(stream: WireStream, kind: Kind): boolean {
    return this.#sender(stream, kind) !== undefined;
  }

  /** The server knows of the section. */
  isNegotiated(stream: WireStream, kind: Kind): boolean {
    return this.#sender(stream, kind)?.negotiated ?? false;
  }

  slotCount(kind: Kind): number {
    return this.#slots[kind].length;
  }

  /** `rids`: names of its encodings, the smallest first; none = one without a name. */
  addSender(stream: WireStream, kind: Kind, rids: readonly string[] = []): void {
    if (this.hasSender(stream, kind)) return;
    const transceiver = this.#add(kind, 'sendonly', rids);
    const layered = rids.length > 0;
    this.#send.push({
      stream, kind, transceiver, negotiated: false, encoding: null, limit: 0, layered, needed: null, codec: null, required: null });
  }

  /** The section was offered with encodings of several sizes. */
  isLayered(stream: WireStream, kind: Kind): boolean {
    return this.#sender(stream, kind)?.layered ?? false;
  }

  addSlots(kind: Kind, count: number): void {
    for (let i = 0; i < count; i++) this.#slots[kind].push(this.#add(kind, 'recvonly'));
  }

  /** Sends this, or nothing, on the section from now on. The section must exist. */
  async setOutgoing(stream: WireStream, kind: Kind, outgoing: Outgoing | null): Promise<void> {
    const section = this.#sender(stream, kind);
    if (!section) return;
    section.encoding = outgoing?.encoding ?? null;
    await section.transceiver.sender.replaceTrack(outgoing?.track ?? null);
    await this.#applyEncoding(section);
  }

  /** The receivers of this video can take `kbps`, 0 = anything; the encoder makes no more. */
  async limitVideo(stream: WireStream, kbps: number): Promise<void> {
    const section = this.#sender(stream, 'video');
    if (!section || section.limit === kbps) return;
    section.limit = kbps;
    await this.#applyEncoding(section);
  }

  /** Only these encodings of the video are needed by anybody; names that it has not are ignored. */
  async needLayers(stream: WireStream, rids: readonly string[]): Promise<void> {
    const section = this.#sender(stream, 'video');
    if (!section) return;
    section.needed = new Set(rids);
    await this.#applyEncoding(section);
  }

  /**
   * Video must be sent in this codec, as far as the browser has it; null = in the one that suits it best. Returns whether that
   * takes a negotiation: sections that are sent in it already stay as they are.
   */
  requireCodec(codec: VideoCodec | null): boolean {
    this.#required = codec;
    const video = this.#send.filter(({ kind }) => kind === 'video');
    for (const { transceiver } of video) this.#preferCodecs(transceiver, codec);
    if (codec === null) return video.some(({ required }) => required !== null);
    const wrong = video.filter((section) => section.negotiated && section.codec !== codec);
    if (wrong.length === 0) return false;
    if (preferredVideoCodecs(this.#platform.videoCodecs()).some(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`)) return true;
    log.warn(`this browser has no ${codec}, which somebody in the room needs`);
    return false;
  }

  async offer(): Promise<string> {
    const sdp = await this.#describe();
    for (const section of this.#send) section.required = this.#required;
    // For the server only: an order that browsers were given here would stay in their later offers.
    return this.#required ? offerH264First(sdp) : sdp;
  }

  /** What the sending sections are, with the server's `on` out of `isOn`. Valid after offer(). */
  tracks(isOn: (stream: WireStream, kind: Kind) => boolean): SendTrack[] {
    return this.#send.map(({ stream, kind, transceiver }) => (
      { mid: transceiver.mid ?? '', kind, stream, on: isOn(stream, kind) }
    ));
  }

  async answer(sdp: string): Promise<void> {
    await this.#accept(sdp);
    this.#answer = sdp;
    for (const section of this.#send) {
      section.negotiated = true;
      section.codec = codecOf(sdp, section.transceiver.mid ?? '');
    }
    await Promise.all(this.#send.map((section) => this.#applyEncoding(section)));
    if (this.#state === 'new') {
      this.#startTimer(CONNECT_TIMEOUT_MS);
    }
  }

  /** An answer of the same other end as the last one, not of another in its place. */
  isOtherEnd(answer: string): boolean {
    return this.#answer !== null && iceUfragOf(answer) === iceUfragOf(this.#answer);
  }

  /**
   * The browser's estimate of the uplink does not fall below `floor_kbps` from now on, 0 = wherever it will; `probe`: it tries for more
   * now. Needs a negotiation with itself, of which the server hears nothing; sections that the server does not know yet make it wait for
   * their answer.
   */
  async steerUplink(floor_kbps: number, probe: boolean): Promise<void> {
    if (this.#floor_kbps === floor_kbps && !probe) return;
    this.#floor_kbps = floor_kbps;
    if (probe) this.#probes++;
    const known = this.#answer?.match(/^m=/gm)?.length ?? 0;
    const sections = this.#send.length + this.#slots.audio.length + this.#slots.video.length;
    if (this.#answer === null || this.#state !== 'connected' || known !== sections) return;
    await this.#describe();
    await this.#accept(this.#answer);
  }

  /** Takes back an offer that was not answered. */
  async rollback(): Promise<void> {
    if (this.#state === 'closed') return;
    await this.#pc.setLocalDescription({ type: 'rollback' });
  }

  /** The track of a receiving section; the same for as long as this transport lives. */
  slotTrack(mid: string): MediaStreamTrack | null {
    return this.#slot(mid)?.receiver.track ?? null;
  }

  /** What arrives on a receiving section is kept for at least so long (milliseconds) before it is played; null = no longer than needed. */
  setSlotDelay(mid: string, delay_ms: number | null): void {
    this.#wished_ms.set(mid, delay_ms);
    this.#applyDelay(mid);
  }

  /** As setSlotDelay(), for the sake of what the network does: the longer one holds. */
  setSlotNeed(mid: string, delay_ms: number | null): void {
    this.#needed_ms.set(mid, delay_ms);
    this.#applyDelay(mid);
  }

  #applyDelay(mid: string): void {
    const receiver = this.#slot(mid)?.receiver;
    const [wished, needed] = [this.#wished_ms.get(mid) ?? null, this.#needed_ms.get(mid) ?? null];
    const delay_ms = wished === null || needed === null ? wished ?? needed : Math.max(wished, needed);
    if (receiver && (receiver.jitterBufferTarget ?? null) !== delay_ms) receiver.jitterBufferTarget = delay_ms;
  }

  async stats(): Promise<StatsEntry[]> {
    const entries: StatsEntry[] = [];
    if (this.#state === 'closed') return entries;
    const report = await this.#pc.getStats();
    report.forEach((entry) => entries.push({ ...(entry as StatsEntry) }));
    return entries;
  }

  /** A number that grows with whatever the other end sends; NaN where the browser does not tell. */
  async heard(): Promise<number> {
    const entries = await this.stats().catch(() => []); // closed in this moment
    const pairs = entries.filter(({ type }) => type === 'candidate-pair');
    return pairs.length === 0 ? NaN : pairs.reduce((sum, pair) => sum + Number(pair.bytesReceived) + Number(pair.responsesReceived), 0);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimer();
    this.#pc.close();
  }

  async #describe(): Promise<string> {
    const description = await this.#pc.createOffer();
    const sdp = offerAudioNack(acceptStereo(description.sdp ?? ''));
    await this.#pc.setLocalDescription({ type: 'offer', sdp });
    return sdp;
  }

  async #accept(answer: string): Promise<void> {
    let tuned = answer;
    for (const { kind, transceiver: { mid }, encoding } of this.#send) {
      if (kind === 'audio' && mid !== null) tuned = tuneOpusSender(tuned, mid, encoding?.stereo ?? false);
    }
    const camera = this.#sender('main', 'video')?.encoding;
    if (this.#floor_kbps > 0 && camera) tuned = holdUplink(tuned, Math.min(this.#floor_kbps, camera.bitrate));
    if (this.#probes > 0) tuned = allowUplink(tuned, UNLIMITED_KBPS + this.#probes);
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: tuned });
  }

  #add(kind: Kind, direction: 'sendonly' | 'recvonly', rids: readonly string[] = []): Transceiver {
    const transceiver = this.#pc.addTransceiver(kind, {
      direction, ...(rids.length > 0 ? { sendEncodings: rids.map((rid) => ({ rid })) } : {}),
    });
    if (kind === 'video') this.#preferCodecs(transceiver, direction === 'sendonly' ? this.#required : null);
    return transceiver;
  }

  #preferCodecs(transceiver: Transceiver, required: VideoCodec | null): void {
    const codecs = preferredVideoCodecs(this.#platform.videoCodecs(), required);
    if (!transceiver.setCodecPreferences || codecs.length === 0) return;
    try {
      transceiver.setCodecPreferences(codecs);
    } catch (error) {
      // Some browsers refuse codecs here that they list there; their own order works too.
      log.warn('codec preferences refused', error);
    }
  }

  #sender(stream: WireStream, kind: Kind): SendSection | undefined {
    return this.#send.find((section) => section.stream === stream && section.kind === kind);
  }

  #slot(mid: string): Transceiver | undefined {
    return [...this.#slots.audio, ...this.#slots.video].find((slot) => slot.mid === mid);
  }

  /** One after the other: parameters that were read while others were being set are refused. */
  #applyEncoding(section: SendSection): Promise<void> {
    return this.#encodings.run(() => this.#setEncoding(section));
  }

  async #setEncoding({ kind, transceiver, encoding, limit, needed }: SendSection): Promise<void> {
    if (!encoding || this.#state === 'closed') return;
    const parameters = transceiver.sender.getParameters();
    const { encodings } = parameters;
    if (encodings.length === 0) return; // not negotiated yet in this browser; answer() comes back to it
    // An answer without simulcast leaves the first encoding, which then is the whole picture.
    layout(encodings.map(({ rid }) => rid ?? ''), encoding, needed, limit).forEach((setting, index) => {
      const target: LayeredEncoding = encodings[index]!;
      target.maxBitrate = setting.maxBitrate * 1000;
      if (kind === 'audio') return;
      target.active = setting.active;
      target.scaleResolutionDownBy = setting.scaleResolutionDownBy;
      if (setting.scaleResolutionDownTo) target.scaleResolutionDownTo = setting.scaleResolutionDownTo;
      else delete target.scaleResolutionDownTo;
      if (encoding.frameRate !== undefined) target.maxFramerate = encoding.frameRate;
    });
    if (kind === 'video' && encoding.degradation) parameters.degradationPreference = encoding.degradation;
    try {
      await transceiver.sender.setParameters(parameters);
    } catch (error) {
      log.warn('sender parameters refused', error); // the call works with the browser's own
    }
  }

  #connectionStateChanged(): void {
    if (this.#state === 'closed' || this.#state === 'lost') return;
    switch (this.#pc.connectionState) {
      case 'connected':
        this.#cancelTimer();
        this.#everConnected = true;
        if (this.#state !== 'connected') this.#enter('connected');
        break;
      case 'disconnected':
        this.#startTimer(DISCONNECTED_GRACE_MS);
        break;
      case 'failed':
        this.#enter('lost');
        break;
      default:
        break;
    }
  }

  #startTimer(delay_ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#platform.setTimer(delay_ms, () => {
      if (this.#pc.connectionState !== 'connected') this.#enter('lost');
    });
  }

  #enter(state: TransportState): void {
    this.#cancelTimer();
    this.#state = state;
    this.#onState(state);
  }
}
