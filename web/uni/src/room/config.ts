/** The component's configuration, environments and page parameters included. Pure but for what the app supplies. */

import { RoomError } from './errors.js';

/** Where a name such as `PRO` leads. */
export interface RoomEnvironment {
  /** Base URL of the Duet server; missing or '' = the page's origin. */
  server?: string;
  sdkAppID?: number;
}

export interface SignRequest {
  userID: string;
  sdkAppID: number | undefined;
  /** Name of the environment. */
  cloudenv: string;
  server: string | undefined;
}

/** What the app supplies once. */
export interface RoomSetup {
  environments?: Record<string, RoomEnvironment>;
  /** Asks the app's back end for a signature; used where the page has none. */
  getUserSig?: (request: SignRequest) => Promise<string | { userSig: string; sdkAppID?: number }>;
}

export type Template = '1v1' | 'grid' | 'custom';

/** What existing pages pass in. Missing, undefined and NaN mean the default. */
export interface RoomConfig {
  scene: 'rtc' | 'live';
  sdkAppID: number | undefined;
  userID: string;
  userSig: string;
  template: Template;
  cloudenv: string;
  enableCamera: boolean;
  enableMic: boolean;
  enableAgc: boolean;
  enableAns: boolean;
  enableEarMonitor: boolean;
  enableAutoFocus: boolean;
  enableZoom: boolean;
  minBitrate: number;
  maxBitrate: number;
  videoWidth: number;
  videoHeight: number;
  beautyLevel: number;
  whitenessLevel: number;
  beautyStyle: string;
  filter: string;
  videoOrientation: string;
  videoAspect: string;
  frontCamera: boolean | string;
  enableRemoteMirror: boolean;
  localMirror: string;
  enableBackgroundMute: boolean;
  waitingImage: string;
  audioQuality: string;
  audioVolumeType: string;
  audioReverbType: number;
  enableIM: boolean;
  debugMode: boolean;
  encsmall: number;
  streamID: string;
  userDefineRecordID: string;
  privateMapKey: string;
  pureAudioMode: number;
  recvMode: number;
}

export const DEFAULT_CONFIG: Readonly<RoomConfig> = {
  scene: 'rtc', sdkAppID: undefined, userID: '', userSig: '', template: '1v1', cloudenv: 'PRO',
  enableCamera: false, enableMic: false, enableAgc: false, enableAns: false, enableEarMonitor: false,
  enableAutoFocus: true, enableZoom: false,
  minBitrate: 200, maxBitrate: 900, videoWidth: 360, videoHeight: 640, beautyLevel: 0, whitenessLevel: 0,
  beautyStyle: 'smooth', filter: 'standard', videoOrientation: 'vertical', videoAspect: '9:16', frontCamera: true,
  enableRemoteMirror: false, localMirror: 'auto', enableBackgroundMute: false, waitingImage: '',
  audioQuality: 'high', audioVolumeType: 'auto', audioReverbType: 0, enableIM: true, debugMode: false,
  encsmall: 0, streamID: '', userDefineRecordID: '', privateMapKey: '', pureAudioMode: 0, recvMode: 1,
};

let setup: RoomSetup = {};

/** Once, in main.js: environments, and where signatures come from. */
export function setUpRoom(given: RoomSetup): void {
  setup = given;
}

export function roomSetup(): RoomSetup {
  return setup;
}

function means(value: unknown): boolean {
  return value !== undefined && value !== null && !Number.isNaN(value);
}

/** Page parameters are strings; they become what the default is. */
function like(value: unknown, fallback: unknown): unknown {
  if (typeof fallback === 'boolean' && typeof value === 'string') return value !== 'false' && value !== '' && value !== '0';
  if (typeof fallback === 'number' && typeof value === 'string') return Number(value);
  return value;
}

/** `given` on top of `before`. Unknown members are ignored. */
export function mergedConfig(before: RoomConfig, given: Readonly<Record<string, unknown>>): RoomConfig {
  const result: Record<string, unknown> = { ...before };
  for (const [name, fallback] of Object.entries(DEFAULT_CONFIG)) {
    const value = like(given[name], fallback);
    if (means(value)) result[name] = value;
  }
  const sdkAppID = Number(result['sdkAppID']);
  result['sdkAppID'] = Number.isFinite(sdkAppID) && sdkAppID > 0 ? sdkAppID : undefined;
  if (!['1v1', 'grid', 'custom'].includes(String(result['template']))) result['template'] = 'custom';
  return result as unknown as RoomConfig;
}

/** A number 1..4294967295, or a name of at most 64 characters. Digits in a string are a number, as in a page's parameters. */
export function checkedRoomID(roomID: unknown): number | string {
  const text = typeof roomID === 'number' || typeof roomID === 'string' ? String(roomID) : '';
  if (/^[0-9]{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= 4_294_967_295) return Number(text);
  if (typeof roomID === 'string' && text.length >= 1 && text.length <= 64 && !/^[0-9]+$/.test(text)) return text;
  throw new RoomError(-3318, `roomID must be a number from 1 to 4294967295 or a name of at most 64 characters, not '${String(roomID)}'`);
}

/** Everything that entering needs. */
export interface EnterParams {
  config: RoomConfig;
  roomID: number | string;
  sdkAppID: number;
  userSig: string;
  server: string | undefined;
  /** Another one with each entry, so that leaving and entering again at once is not the same address. */
  visit: number;
}

/** Fills in environment and signature; rejects with what is missing. */
export async function enterParams(
  config: RoomConfig, roomID: unknown, visit: number, { environments = {}, getUserSig }: RoomSetup,
): Promise<EnterParams> {
  const room = checkedRoomID(roomID);
  const { userID, cloudenv } = config;
  if (userID === '') throw new RoomError(-3319, 'userID is not set');
  const environment = environments[cloudenv];
  if (!environment && Object.keys(environments).length > 0) {
    throw new RoomError(-1, `there is no environment '${cloudenv}'; there are ${Object.keys(environments).join(', ')}`);
  }
  const server = environment?.server || undefined;
  let sdkAppID = config.sdkAppID ?? environment?.sdkAppID;
  let { userSig } = config;
  if (userSig === '') {
    if (!getUserSig) throw new RoomError(-100018, 'userSig is not set: have your back end sign one for this user, or give setUpRoom a getUserSig');
    const signed = await getUserSig({ userID, sdkAppID, cloudenv, server });
    userSig = typeof signed === 'string' ? signed : signed.userSig;
    if (typeof signed !== 'string') sdkAppID = signed.sdkAppID ?? sdkAppID;
  }
  if (sdkAppID === undefined) throw new RoomError(-100015, 'sdkAppID is not set, neither by the page nor in the environment');
  return { config, roomID: room, sdkAppID, userSig, server, visit };
}
