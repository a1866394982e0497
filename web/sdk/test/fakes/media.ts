/** Tracks, peer connections and elements that only remember what was done to them. */

import type {
  AudioElement, AudioElementEvents, ObjectFit, PeerConnection, Receiver, Sender, Size, Transceiver,
  VideoElement, VideoElementEvents,
} from '../../src/platform/platform.js';

let nextTrack = 1;

export class FakeTrack extends EventTarget {
  readonly id = `track-${nextTrack++}`;
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  contentHint = '';

  constructor(readonly kind: 'audio' | 'video', readonly settings: MediaTrackSettings = {}) {
    super();
  }

  getSettings(): MediaTrackSettings {
    return this.settings;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** As when the device is unplugged. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export function fakeStream(tracks: FakeTrack[]): MediaStream {
  return {
    getTracks: () => tracks,
    getAudioTracks: () => tracks.filter((t) => t.kind === 'audio'),
    getVideoTracks: () => tracks.filter((t) => t.kind === 'video'),
  } as unknown as MediaStream;
}

export class FakeSender implements Sender {
  track: MediaStreamTrack | null = null;
  parameters = { encodings: [{}], transactionId: '', codecs: [], headerExtensions: [], rtcp: {} } as RTCRtpSendParameters;

  async replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    this.track = track;
  }

  getParameters(): RTCRtpSendParameters {
    return structuredClone(this.parameters);
  }

  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.parameters = parameters;
  }
}

export class FakeTransceiver implements Transceiver {
  mid: string | null = null;
  readonly sender = new FakeSender();
  readonly receiver: Receiver;
  codecs: RTCRtpCodec[] = [];

  constructor(readonly kind: 'audio' | 'video', readonly direction: string, encodings?: RTCRtpEncodingParameters[]) {
    if (encodings) this.sender.parameters.encodings = encodings;
    this.receiver = { track: new FakeTrack(kind).asTrack() };
  }

  setCodecPreferences?(codecs: RTCRtpCodec[]): void {
    this.codecs = codecs;
  }
}

let connectionsMade = 0;

export class FakePeerConnection implements PeerConnection {
  connectionState: RTCPeerConnectionState = 'new';
  readonly transceivers: FakeTransceiver[] = [];
  readonly answers: string[] = [];
  rolledBack = 0;
  /** Answers take all encodings that were offered; otherwise the first is left. */
  simulcast = true;
  /** In the browser's own order. */
  codecs: RTCRtpCodec[] = [];
  readonly #ufrag = `browser${connectionsMade++}`;
  #offering = false;
  stats: object[] = [];

  constructor(readonly onState: () => void, readonly connectsByItself: () => boolean) {}

  addTransceiver(
    kind: 'audio' | 'video', { direction, sendEncodings }: { direction: string; sendEncodings?: RTCRtpEncodingParameters[] },
  ): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, direction, sendEncodings);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async createOffer(): Promise<RTCSessionDescriptionInit> {
    const sections = this.transceivers.map((t, index) => {
      const codecs = t.kind === 'audio' ? ['111 opus/48000/2'] : this.#videoCodecs(t);
      return [
        `m=${t.kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map((text) => text.split(' ')[0]).join(' ')}`,
        `a=mid:${t.mid ?? index}`, `a=${t.direction}`, ...codecs.map((text) => `a=rtpmap:${text}`), '',
      ].join('\r\n');
    });
    return { type: 'offer', sdp: `v=0\r\na=ice-ufrag:${this.#ufrag}\r\n${sections.join('')}` };
  }

  /** Lines for the section, in the order that was set for it, otherwise in the browser's own. */
  #videoCodecs({ codecs }: FakeTransceiver): string[] {
    return (codecs.length > 0 ? codecs : this.codecs).map(({ mimeType, sdpFmtpLine }, index) => {
      const type = 96 + index;
      return `${type} ${mimeType.slice('video/'.length)}/90000${sdpFmtpLine ? `\r\na=fmtp:${type} ${sdpFmtpLine}` : ''}`;
    });
  }

  async setLocalDescription({ type }: RTCLocalSessionDescriptionInit): Promise<void> {
    if (this.connectionState === 'closed') throw new DOMException('closed', 'InvalidStateError');
    if (type === 'rollback') {
      this.rolledBack++;
      this.#offering = false;
      return;
    }
    // A browser would let the second offer replace the first, whose answer then fits nothing.
    if (this.#offering) throw new DOMException('two negotiations at once', 'InvalidStateError');
    this.#offering = true;
    this.transceivers.forEach((t, index) => {
      t.mid ??= String(index);
    });
  }

  async setRemoteDescription({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    this.#offering = false;
    this.answers.push(sdp ?? '');
    if (!this.simulcast) for (const { sender: { parameters } } of this.transceivers) parameters.encodings.splice(1);
    if (this.connectionState === 'new' && this.connectsByItself()) this.become('connected');
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onState();
  }

  async getStats(): Promise<{ forEach(visit: (entry: unknown) => void): void }> {
    return this.stats;
  }

  close(): void {
    this.connectionState = 'closed';
  }

  at(mid: string): FakeTransceiver {
    const found = this.transceivers.find((t) => t.mid === mid);
    if (!found) throw new Error(`no section ${mid}`);
    return found;
  }

  /** The sending sections' tracks, by kind and order. */
  sending(kind: 'audio' | 'video'): Array<MediaStreamTrack | null> {
    return this.transceivers.filter((t) => t.kind === kind && t.direction === 'sendonly').map((t) => t.sender.track);
  }
}

export class FakeVideo implements VideoElement {
  track: MediaStreamTrack | null = null;
  fit: ObjectFit | null = null;
  mirror: boolean | null = null;
  box: Size = { width: 300, height: 400 };
  picture: Size = { width: 0, height: 0 };
  disposed = false;
  plays = 0;

  constructor(readonly container: HTMLElement, readonly events: VideoElementEvents) {}

  setTrack(track: MediaStreamTrack | null): void {
    this.track = track;
  }

  setFit(fit: ObjectFit): void {
    this.fit = fit;
  }

  setMirror(mirror: boolean): void {
    this.mirror = mirror;
  }

  boxSize(): Size {
    return this.box;
  }

  pictureSize(): Size {
    return this.picture;
  }

  async play(): Promise<void> {
    this.plays++;
  }

  snapshot(): string {
    return this.picture.width > 0 ? `data:image/png;${this.picture.width}` : '';
  }

  dispose(): void {
    this.disposed = true;
  }

  /** A frame of this size comes onto the screen. */
  frame(width: number, height: number): void {
    this.picture = { width, height };
    this.events.resized(this.picture);
    this.events.firstFrame(this.picture);
    this.events.stateChanged('PLAYING');
  }
}

export class FakeAudio implements AudioElement {
  track: MediaStreamTrack | null = null;
  volume = 1;
  disposed = false;
  plays = 0;

  constructor(readonly events: AudioElementEvents) {}

  setTrack(track: MediaStreamTrack | null): void {
    this.track = track;
  }

  setVolume(volume: number): void {
    this.volume = volume;
  }

  async play(): Promise<void> {
    this.plays++;
  }

  dispose(): void {
    this.disposed = true;
  }
}
