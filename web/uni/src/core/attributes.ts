/**
 * The attributes of both tags as data: names, types, defaults.
 *
 * A value that is missing, undefined, null, NaN or of no use for its attribute means the default, as
 * existing projects bind many attributes to data that they do not have. Pure.
 */

type Reader<T> = (value: unknown) => T;

function flag(fallback: boolean): Reader<boolean> {
  return (value) => {
    if (typeof value === 'boolean') return value;
    if (value === '' || value === 'true') return true; // <live-pusher autopush>
    if (value === 'false') return false;
    return fallback;
  };
}

function text(fallback: string): Reader<string> {
  return (value) => (typeof value === 'string' ? value : fallback);
}

/** Outside of the range = the nearest end of it. */
function number(fallback: number, least: number, most: number): Reader<number> {
  return (value) => {
    const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof given !== 'number' || Number.isNaN(given)) return fallback;
    return Math.min(most, Math.max(least, given));
  };
}

/** undefined where it is not said: what is then depends on other attributes. */
function optional(least: number, most: number): Reader<number | undefined> {
  const read = number(Number.NaN, least, most);
  return (value) => {
    const given = read(value);
    return Number.isNaN(given) ? undefined : given;
  };
}

function choice<T extends string>(...allowed: readonly [T, ...T[]]): Reader<T> {
  return (value) => allowed.find((candidate) => candidate === value) ?? allowed[0];
}

/** true/false/'auto' became 'enable'/'disable'/'auto' over the years; both are written. */
function localMirror(value: unknown): 'auto' | 'enable' | 'disable' {
  if (value === true || value === 'enable') return 'enable';
  if (value === false || value === 'disable') return 'disable';
  return 'auto';
}

const FIT = choice('fillCrop', 'contain', 'auto');

export const PUSHER_ATTRIBUTES = {
  url: text(''),
  mode: choice('RTC', 'SD', 'HD', 'FHD'),
  autopush: flag(false),
  enableCamera: flag(true),
  enableMic: flag(true),
  muted: flag(false),
  enableAgc: flag(false),
  enableAns: flag(false),
  enableEarMonitor: flag(false),
  autoFocus: flag(true),
  zoom: flag(false),
  /** kbit/s */
  minBitrate: number(200, 1, 10_000),
  /** kbit/s */
  maxBitrate: number(1000, 1, 10_000),
  /** Pixels of the picture as the viewer holds it; what is missing of them follows from the aspect. */
  videoWidth: optional(16, 3840),
  videoHeight: optional(16, 3840),
  beauty: number(0, 0, 9),
  whiteness: number(0, 0, 9),
  beautyStyle: choice('smooth', 'nature'),
  filter: text('standard'),
  orientation: choice('vertical', 'horizontal'),
  aspect: choice('9:16', '3:4'),
  devicePosition: choice('front', 'back'),
  remoteMirror: flag(false),
  localMirror,
  backgroundMute: flag(false),
  audioQuality: choice('high', 'low'),
  audioVolumeType: choice('auto', 'media', 'voicecall'),
  audioReverbType: number(0, 0, 7),
  waitingImage: text(''),
  /** Duet's own: how the own preview fills its view. */
  objectFit: FIT,
  debug: flag(false),
} as const;

export const PLAYER_ATTRIBUTES = {
  src: text(''),
  mode: choice('RTC', 'live'),
  autoplay: flag(false),
  muteAudio: flag(false),
  muteVideo: flag(false),
  muted: flag(false),
  orientation: choice('vertical', 'horizontal'),
  objectFit: FIT,
  backgroundMute: flag(false),
  /** Seconds. In a call, unlike in a broadcast, not said means as short as the network allows. */
  minCache: optional(0, 60),
  maxCache: optional(0, 60),
  soundMode: choice('speaker', 'ear'),
  enableRecvMessage: flag(false),
  autoPauseIfNavigate: flag(true),
  autoPauseIfOpenNative: flag(true),
  debug: flag(false),
} as const;

type Values<S extends Record<string, Reader<unknown>>> = { -readonly [K in keyof S]: ReturnType<S[K]> };

export type PusherAttributes = Omit<Values<typeof PUSHER_ATTRIBUTES>, 'videoWidth' | 'videoHeight'> & {
  videoWidth: number;
  videoHeight: number;
};
export type PlayerAttributes = Values<typeof PLAYER_ATTRIBUTES>;
export type RawAttributes = Readonly<Record<string, unknown>>;

function camelised(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function read<S extends Record<string, Reader<unknown>>>(schema: S, raw: RawAttributes): Values<S> {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) given[camelised(name)] = value;
  return Object.fromEntries(Object.entries(schema).map(([name, reader]) => [name, reader(given[name])])) as Values<S>;
}

/** Names may be in kebab or in camel case; what is no attribute is ignored. */
export function pusherAttributes(raw: RawAttributes): PusherAttributes {
  const given = read(PUSHER_ATTRIBUTES, raw);
  return { ...given, ...sizeOf(given.aspect, given.videoWidth, given.videoHeight) };
}

const LONG_SIDE = 640;

function sizeOf(
  aspect: '9:16' | '3:4', width: number | undefined, height: number | undefined,
): { videoWidth: number; videoHeight: number } {
  const ratio = aspect === '3:4' ? 3 / 4 : 9 / 16;
  const videoHeight = height ?? (width === undefined ? LONG_SIDE : even(width / ratio));
  return { videoWidth: width ?? even(videoHeight * ratio), videoHeight };
}

/** Encoders halve the colour planes. */
function even(pixels: number): number {
  return 2 * Math.round(pixels / 2);
}

/** As pusherAttributes. */
export function playerAttributes(raw: RawAttributes): PlayerAttributes {
  return read(PLAYER_ATTRIBUTES, raw);
}

/** `data-user-id` and `data-userid` as `dataset` members, the way the page's own handlers see them. */
export function dataset(raw: RawAttributes): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (kebab.startsWith('data-')) result[camelised(kebab.slice(5))] = value;
  }
  return result;
}
