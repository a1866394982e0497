/**
 * The two addresses of the tags.
 *
 *   live-pusher  room://cloud.tencent.com/rtc?sdkappid=&roomid=|strroomid=&userid=&usersig=&appscene=…
 *   live-player  room://rtc.tencent.com?userid=bob&streamtype=main
 *
 * Existing projects paste values into them without encoding, and paste `undefined` where they have
 * none; both are read as they were meant. Pure.
 */

export type PlayerStreamType = 'main' | 'small' | 'aux';

/** What a pusher's address asks for. Members that the address leaves out are undefined. */
export interface PusherUrl {
  sdkAppID: number;
  /** 1..4294967295, or a string of 1..64 bytes. */
  roomID: number | string;
  userID: string;
  userSig: string;
  scene: 'rtc' | 'live';
  role: 'anchor' | 'audience';
  /** Duet's own; the room of a `1v1` holds two people. */
  template: '1v1' | 'grid' | 'custom' | undefined;
  /** Names one of the configured environments. */
  cloudenv: string | undefined;
  /** Duet's own: base URL of the server; wins over the configured environments. */
  server: string | undefined;
  privateMapKey: string | undefined;
  pureAudioMode: boolean;
}

export interface PlayerUrl {
  userID: string;
  streamType: PlayerStreamType;
}

/** Says which part of the address is wrong. */
export class RoomUrlError extends Error {
  override readonly name = 'RoomUrlError';
  /** The platform's number for this mistake. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const MISSING = new Set(['', 'undefined', 'null', 'NaN']);
const UINT32_MAX = 4_294_967_295;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % in a value that was never encoded
  }
}

function queryOf(url: string): Map<string, string> {
  const query = new Map<string, string>();
  const start = url.indexOf('?');
  if (start < 0) return query;
  for (const pair of url.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const value = decoded(pair.slice(equals + 1));
    if (!MISSING.has(value)) query.set(pair.slice(0, equals).toLowerCase(), value);
  }
  return query;
}

/** Whole numbers only: '12a', '1e3' and '1.0' name no room. */
function uint32(text: string | undefined): number | null {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value >= 1 && value <= UINT32_MAX ? value : null;
}

function roomOf(query: Map<string, string>): number | string {
  const text = query.get('roomid');
  if (text !== undefined) {
    const number = uint32(text);
    if (number === null) throw new RoomUrlError(-3318, `roomid must be a whole number from 1 to 4294967295, not '${text}'`);
    return number;
  }
  const name = query.get('strroomid');
  if (name === undefined) throw new RoomUrlError(-3318, 'the url names no room: roomid or strroomid is needed');
  if (new TextEncoder().encode(name).length > 64) throw new RoomUrlError(-3318, 'strroomid is longer than 64 bytes');
  return name;
}

function oneOf<T extends string>(value: string | undefined, allowed: readonly T[]): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value !== 'false';
}

/** Throws RoomUrlError. */
export function parsePusherUrl(url: string): PusherUrl {
  if (!/^room:\/\//i.test(url)) {
    throw new RoomUrlError(-3301, `live-pusher plays into rooms here: its url must begin with room://, not '${url.slice(0, 32)}'`);
  }
  const query = queryOf(url);
  const sdkAppID = uint32(query.get('sdkappid'));
  if (sdkAppID === null) throw new RoomUrlError(-100015, 'the url has no sdkappid');
  const userID = query.get('userid');
  if (userID === undefined) throw new RoomUrlError(-3319, 'the url has no userid');
  const userSig = query.get('usersig');
  if (userSig === undefined) throw new RoomUrlError(-100018, 'the url has no usersig: have your back end sign one for this user');
  return {
    sdkAppID, userID, userSig,
    roomID: roomOf(query),
    scene: query.get('appscene') === 'live' ? 'live' : 'rtc',
    role: oneOf(query.get('role'), ['anchor', 'audience']) ?? 'anchor',
    template: oneOf(query.get('template'), ['1v1', 'grid', 'custom']),
    cloudenv: query.get('cloudenv'),
    server: query.get('server'),
    privateMapKey: query.get('privatemapkey'),
    pureAudioMode: isSet(query.get('pureaudiomode')),
  };
}

/** The address wants the picture in a small size too. Rooms that are not for two have it anyway. */
export function asksForSmall(url: string): boolean {
  return isSet(queryOf(url).get('encsmall'));
}

/** null for an address that names no stream of a room, an empty one included. */
export function parsePlayerUrl(src: string): PlayerUrl | null {
  if (!/^room:\/\//i.test(src)) return null;
  const query = queryOf(src);
  const userID = query.get('userid');
  if (userID === undefined) return null;
  return { userID, streamType: oneOf(query.get('streamtype'), ['main', 'small', 'aux']) ?? 'main' };
}

/** The address that a player of this stream gets, in the shape that existing projects expect. */
export function playerUrl({ userID, streamType }: PlayerUrl): string {
  return `room://rtc.tencent.com?userid=${encodeURIComponent(userID)}&streamtype=${streamType}`;
}
