/**
 * Parameter and result types of the public API.
 *
 * Names and shapes follow the widely used call SDKs, so that an application written for one of
 * them needs few changes; members that are Duet's own say so.
 */

/** `main` is camera and microphone, `sub` the screen share (`aux` on the wire). */
export type StreamType = 'main' | 'sub';

/**
 * How a picture fills its view: `contain` shows all of it, `cover` fills the view and crops,
 * `fill` stretches, `auto` contains when picture and view differ in orientation and covers
 * otherwise. `fillCrop` is the older name of `cover`.
 */
export type FillMode = 'contain' | 'cover' | 'fill' | 'auto' | 'fillCrop';

/** An element, the `id` of one, several elements, or null for "no view". */
export type View = string | HTMLElement | HTMLElement[] | null;

export type Scene = 'rtc' | 'live';
export type Role = 'anchor' | 'audience';
export type Template = '1v1' | 'grid' | 'custom';
export type QosPreference = 'smooth' | 'clear';

/** Mirroring of the local picture: only in the own `view`, only in what is sent, in both, or not. */
export type LocalMirror = 'view' | 'publish' | 'both' | boolean;

/** What to capture and send. Width and height in pixels, frameRate in frames/s, bitrate in kbit/s. */
export interface VideoProfile {
  width: number;
  height: number;
  frameRate: number;
  bitrate: number;
}

export type VideoProfileName =
  | '120p' | '180p' | '240p' | '360p' | '480p' | '720p' | '1080p' | '1440p' | '4K';
export type ScreenProfileName = '480p' | '480p_2' | '720p' | '720p_2' | '1080p' | '1080p_2';
export type AudioProfileName = 'standard' | 'standard-stereo' | 'high' | 'high-stereo';

export interface CreateOptions {
  /** Lines below this level are not logged: 0 trace, 1 debug, 2 info, 3 warn (default), 4 error, 5 none. */
  logLevel?: LogLevel;
}

export type LogLevel = 0 | 1 | 2 | 3 | 4 | 5;

export interface EnterRoomParams {
  sdkAppId: number;
  /** 1..128 bytes of UTF-8. */
  userId: string;
  userSig: string;
  /** 1..4294967295. Wins over `strRoomId`. */
  roomId?: number;
  /** 1..64 bytes. */
  strRoomId?: string;
  /** Default `rtc`. */
  scene?: Scene;
  /** Default `anchor`. Only in scene `live`. */
  role?: Role;
  /** Subscribe every remote voice without being asked. Default true. */
  autoReceiveAudio?: boolean;
  /** Subscribe every remote picture without being asked; it is shown once it has a view. Default false. */
  autoReceiveVideo?: boolean;
  privateMapKey?: string;
  /** Duet's own: base URL of the server, such as `https://host:8443`. Default: the page's origin. */
  server?: string;
  /** Duet's own: `1v1` limits the room to two people. Default `custom`. */
  template?: Template;
  /** Duet's own: name of the server's environment that signed, such as `PRO` or `DEV`. */
  cloudenv?: string;
}

export interface LocalAudioOption {
  microphoneId?: string;
  /** Only in startLocalAudio. Default `standard`. */
  profile?: AudioProfileName;
  /** Sends this track instead of the microphone. */
  audioTrack?: MediaStreamTrack;
  /** Default true, as are the next two. */
  echoCancellation?: boolean;
  autoGainControl?: boolean;
  noiseSuppression?: boolean;
}

export interface LocalAudioConfig {
  /** Send it into the room. Default true. */
  publish?: boolean;
  mute?: boolean;
  option?: LocalAudioOption;
}

export type UpdateLocalAudioConfig = Omit<LocalAudioConfig, 'option'> & {
  option?: Omit<LocalAudioOption, 'profile'>;
};

export interface LocalVideoOption {
  cameraId?: string;
  /** Phones: true the camera towards the user (default of most), false the one on the back. */
  useFrontCamera?: boolean;
  /** Default `480p`. */
  profile?: VideoProfileName | VideoProfile;
  /** Of the own preview. Default `cover`. */
  fillMode?: FillMode;
  /** Default `view`. */
  mirror?: LocalMirror;
  /**
   * Send the picture in a small size too, for receivers with small views or narrow networks: true, or the size. Default:
   * in rooms for more than two, of cameras that are at least 360 pixels high. Pictures below 480 x 270 have no small one.
   */
  small?: boolean | VideoProfileName | VideoProfile;
  /** When the network is narrow: keep it `smooth` (default) or `clear`. */
  qosPreference?: QosPreference;
  /** Sends this track instead of a camera. */
  videoTrack?: MediaStreamTrack;
}

export interface LocalVideoConfig {
  view?: View;
  /** Send it into the room. Default true. */
  publish?: boolean;
  mute?: boolean;
  option?: LocalVideoOption;
}

export type UpdateLocalVideoConfig = LocalVideoConfig;

export interface ScreenShareOption {
  /** Default `1080p`. */
  profile?: ScreenProfileName | VideoProfile;
  /** Of the own preview. Default `contain`. */
  fillMode?: FillMode;
  /** Share the computer's or tab's sound, where the browser can. Default false. */
  systemAudio?: boolean;
  echoCancellation?: boolean;
  autoGainControl?: boolean;
  noiseSuppression?: boolean;
  audioTrack?: MediaStreamTrack;
  videoTrack?: MediaStreamTrack;
  /** What the browser's picker proposes first. Default `monitor`. */
  preferDisplaySurface?: 'current-tab' | 'tab' | 'window' | 'monitor';
  selfBrowserSurface?: 'include' | 'exclude';
  /** Default `clear`. */
  qosPreference?: QosPreference;
}

export interface ScreenShareConfig {
  view?: View;
  publish?: boolean;
  option?: ScreenShareOption;
}

export interface UpdateScreenShareConfig {
  view?: View;
  publish?: boolean;
  option?: Pick<ScreenShareOption, 'fillMode' | 'qosPreference' | 'audioTrack' | 'videoTrack'>;
}

export interface RemoteVideoOption {
  /** Default `cover` for `main`, `contain` for `sub`. */
  fillMode?: FillMode;
  mirror?: boolean;
  /**
   * true: the small picture, where the sender has one. false: the large one, which goes before others when the network is
   * narrow. Default: as the network allows.
   */
  small?: boolean;
}

export interface RemoteVideoConfig {
  userId: string;
  /** Default `main`. */
  streamType?: StreamType;
  view?: View;
  option?: RemoteVideoOption;
}

export interface StopRemoteVideoConfig {
  /** `*` = everybody. */
  userId: string;
  /** May be missing only for `*`. */
  streamType?: StreamType;
}

export interface CustomMessage {
  /** 1..10. */
  cmdId: number;
  /** At most 1024 bytes. */
  data: ArrayBuffer;
  /** Duet's own: one receiver. Default: everybody in the room. */
  to?: string;
}

export interface TrackConfig {
  /** Missing or '' = the local one. */
  userId?: string;
  streamType?: StreamType;
}

export interface PermissionQuery {
  /** Ask the user when it is not yet decided. Default true. */
  request?: boolean;
  /** Default both. */
  types?: Array<'camera' | 'microphone'>;
}

export interface Permissions {
  camera: PermissionState | null;
  microphone: PermissionState | null;
}

export interface SupportResult {
  /** A call is possible here. */
  result: boolean;
  detail: {
    isBrowserSupported: boolean;
    isWebRTCSupported: boolean;
    isWebCodecsSupported: boolean;
    /** False on pages that are neither https nor localhost. */
    isMediaDevicesSupported: boolean;
    isScreenShareSupported: boolean;
    isSmallStreamSupported: boolean;
    isH264EncodeSupported: boolean;
    isH264DecodeSupported: boolean;
    isVp8EncodeSupported: boolean;
    isVp8DecodeSupported: boolean;
  };
}

/** One entry of RTCPeerConnection.getStats, as a plain object. */
export interface StatsEntry {
  id: string;
  type: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
  [member: string]: unknown;
}

export const TYPE = {
  SCENE_LIVE: 'live',
  SCENE_RTC: 'rtc',
  ROLE_ANCHOR: 'anchor',
  ROLE_AUDIENCE: 'audience',
  STREAM_TYPE_MAIN: 'main',
  STREAM_TYPE_SUB: 'sub',
  AUDIO_PROFILE_STANDARD: 'standard',
  AUDIO_PROFILE_STANDARD_STEREO: 'standard-stereo',
  AUDIO_PROFILE_HIGH: 'high',
  AUDIO_PROFILE_HIGH_STEREO: 'high-stereo',
  QOS_PREFERENCE_SMOOTH: 'smooth',
  QOS_PREFERENCE_CLEAR: 'clear',
  SPEAKER: 'Speakerphone',
  HEADSET: 'Headset earpiece',
} as const;
