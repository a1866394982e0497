/** The JSON-RPC messages of docs/protocol.md, section 2. */

export const PROTOCOL_VERSION = 1;

export type WireStream = 'main' | 'aux';
export type Kind = 'audio' | 'video';
export type Quality = 'main' | 'small' | 'auto';
/** One that somebody in the room cannot do without. */
export type VideoCodec = 'h264';

/** One sending section of an offer. */
export interface SendTrack {
  mid: string;
  kind: Kind;
  stream: WireStream;
  on: boolean;
}

export interface StreamState {
  stream: WireStream;
  audio: boolean;
  video: boolean;
}

export interface Member {
  userId: string;
  role?: string;
  paused?: boolean;
  streams: StreamState[];
}

/** What the server sends on one receiving section. */
export interface Slot {
  mid: string;
  userId: string;
  stream: WireStream;
  kind: Kind;
}

export interface EnterRequest {
  protocol: number;
  sdkAppId: number;
  userId: string;
  userSig: string;
  room: number | string;
  scene: 'rtc' | 'live';
  role: 'anchor' | 'audience';
  template: '1v1' | 'grid' | 'custom';
  privateMapKey?: string;
  recvMode: 1 | 2 | 3 | 4;
  cloudenv?: string;
  resume: string | null;
  client: { platform: string; version: string };
  offer: string;
  tracks: SendTrack[];
}

export interface EnterResult {
  protocol: number;
  session: string;
  resume: string;
  resumed: boolean;
  answer: string;
  members: Member[];
  slots: Slot[];
  room: { id: number | string; capacity: number; createdAt: number };
  seatSeconds: number;
  iceServers: unknown[];
  /** As the notification; missing = as it was. */
  videoCodec?: VideoCodec | null;
}

/** A stream that a member without SDP gets. */
export interface PlayEntry {
  userId: string;
  stream: WireStream;
  audio: boolean;
  video: boolean;
  flv?: string;
  rtmp?: string;
}

/** Where a member without SDP pushes and plays; to be used within `urlSeconds`. */
export interface MediaUrls {
  push: { rtmp: string };
  play: PlayEntry[];
  urlSeconds: number;
}

export type RtmpEnterRequest = Omit<EnterRequest, 'offer' | 'tracks'> & { media: 'rtmp' };
export type RtmpEnterResult = Omit<EnterResult, 'answer' | 'slots'> & MediaUrls;

export interface StreamRef {
  userId: string;
  stream: WireStream;
  kind: Kind;
}

export interface QualityReport {
  uplink: number;
  downlink: number;
  members: Array<{ userId: string; uplink: number; downlink: number }>;
}

export interface Speaker {
  userId: string;
  level: number;
}

/** method -> [params, result] */
export interface Requests {
  enter: [EnterRequest, EnterResult];
  exit: [Record<string, never>, unknown];
  negotiate: [{ offer: string; tracks: SendTrack[] }, { answer: string; slots: Slot[] }];
  publish: [{ stream: WireStream; audio?: boolean; video?: boolean }, unknown];
  subscribe: [StreamRef & { quality?: Quality }, { mid: string | null }];
  unsubscribe: [StreamRef, unknown];
  message: [{ to?: string; cmdId: number; data: string }, { seq: number }];
  stats: [object, unknown];
  urls: [Record<string, never>, MediaUrls];
  ping: [Record<string, never>, { time: number }];
}

/** method -> params */
export interface Notifications {
  memberJoined: { userId: string; role?: string };
  memberLeft: { userId: string; reason: 'exit' | 'timeout' | 'kicked' | 'replaced' | 'role' };
  memberPaused: { userId: string };
  memberResumed: { userId: string };
  streams: { userId: string; streams: StreamState[] };
  slots: { slots: Slot[] };
  quality: QualityReport;
  /** kbit/s that the receivers of our video can take; 0 = as much as we like */
  bitrateLimit: { stream: WireStream; maxBitrate: number };
  /** names (rids) of the encodings of our video that somebody needs */
  layers: { stream: WireStream; active: string[] };
  /** what our video must be sent as; null = as we like */
  videoCodec: { codec: VideoCodec | null };
  /** who is heard, 0..100; who is missing is silent */
  speakers: { speakers: Speaker[] };
  play: { play: PlayEntry[] };
  message: { userId: string; cmdId: number; seq: number; data: string };
  kicked: { reason: 'replaced' | 'removed' | 'banned' | 'media_timeout' };
  dismissed: Record<string, never>;
  draining: { reconnectTo: string | null };
}

export type Notification = {
  [M in keyof Notifications]: { method: M; params: Notifications[M] };
}[keyof Notifications];
