/** Lists of devices, permissions, and what changes in them. */

import type { DeviceChanged } from '../events.js';
import type { Cancel, Platform } from '../platform/platform.js';
import type { PermissionQuery, Permissions } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { log } from '../util/log.js';
import { deviceError } from './device-errors.js';

const TYPES = { videoinput: 'camera', audioinput: 'microphone', audiooutput: 'speaker' } as const;

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * Without permission browsers hide names and ids; `requestPermission` asks the user for it. Speakers
 * show theirs together with microphones.
 */
export async function listDevices(
  platform: Platform, kind: MediaDeviceKind, requestPermission: boolean,
): Promise<MediaDeviceInfo[]> {
  const list = async (): Promise<MediaDeviceInfo[]> => (
    (await platform.enumerateDevices()).filter((device) => device.kind === kind));
  const devices = await list();
  const hidden = devices.length > 0 && devices.every((device) => device.label === '');
  if (!requestPermission || !hidden) return devices;
  const source = kind === 'videoinput' ? 'camera' : 'microphone';
  try {
    stopAll(await platform.getUserMedia(source === 'camera' ? { video: true } : { audio: true }));
  } catch (error) {
    throw deviceError(error, source);
  }
  return list();
}

/** Never rejects for a refusal: that is an answer. */
export async function readPermissions(
  platform: Platform, { request = true, types = ['camera', 'microphone'] }: PermissionQuery,
): Promise<Permissions> {
  const permissions: Permissions = { camera: null, microphone: null };
  for (const type of types) {
    permissions[type] = await platform.queryPermission(type);
    if (!request || permissions[type] === 'granted' || permissions[type] === 'denied') continue;
    try {
      stopAll(await platform.getUserMedia(type === 'camera' ? { video: true } : { audio: true }));
      permissions[type] = 'granted';
    } catch (error) {
      log.info(`no permission for the ${type}`, error);
      permissions[type] = (await platform.queryPermission(type)) ?? 'denied';
    }
  }
  return permissions;
}

/** What was plugged in and unplugged between two lists. Pure. */
export function deviceChanges(
  before: readonly MediaDeviceInfo[], after: readonly MediaDeviceInfo[],
): DeviceChanged[] {
  const key = (device: MediaDeviceInfo): string => `${device.kind}/${device.deviceId}`;
  const had = new Set(before.map(key));
  const has = new Set(after.map(key));
  return [
    ...before.filter((device) => !has.has(key(device)))
      .map((device) => ({ type: TYPES[device.kind], action: 'remove' as const, device })),
    ...after.filter((device) => !had.has(key(device)))
      .map((device) => ({ type: TYPES[device.kind], action: 'add' as const, device })),
  ];
}

export interface DeviceWatcherEvents {
  device: DeviceChanged;
  permission: Permissions;
}

export class DeviceWatcher extends Emitter<DeviceWatcherEvents> {
  readonly #platform: Platform;
  readonly #cancels: Cancel[] = [];
  #known: Promise<MediaDeviceInfo[]>;

  constructor(platform: Platform) {
    super();
    this.#platform = platform;
    this.#known = this.#enumerate();
    this.#cancels.push(platform.onDeviceChange(() => void this.#compare()));
    this.#cancels.push(platform.onPermissionChange(() => void this.#permissions()));
  }

  /** Tells which device a newly opened track belongs to. */
  async activated(track: MediaStreamTrack): Promise<void> {
    const { deviceId } = track.getSettings();
    const kind = track.kind === 'video' ? 'videoinput' : 'audioinput';
    const device = (await this.#enumerate()).find((d) => d.kind === kind && d.deviceId === deviceId);
    if (device) this.emit('device', { type: TYPES[kind], action: 'active', device });
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  async #compare(): Promise<void> {
    const before = this.#known;
    this.#known = this.#enumerate();
    // Ids are hidden until permission is given; that they appear is no plugging in.
    const visible = (devices: MediaDeviceInfo[]): MediaDeviceInfo[] => devices.filter((d) => d.deviceId !== '');
    const changes = deviceChanges(visible(await before), visible(await this.#known));
    for (const change of changes) this.emit('device', change);
  }

  async #permissions(): Promise<void> {
    const [camera, microphone] = await Promise.all(
      [this.#platform.queryPermission('camera'), this.#platform.queryPermission('microphone')]);
    this.emit('permission', { camera, microphone });
  }

  #enumerate(): Promise<MediaDeviceInfo[]> {
    return this.#platform.enumerateDevices().catch(() => []);
  }
}
