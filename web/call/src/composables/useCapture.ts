import type { DuetClient } from '@duet/sdk';
import { reactive } from 'vue';
import { deviceWords, isAbort, isDeviceError } from '../logic/errors.js';
import type { Words } from '../logic/errors.js';
import { createSerial } from '../logic/serial.js';
import { storeSetting, storedSetting } from './useSettings.js';

export type CaptureKind = 'camera' | 'microphone';

export interface Capture {
  status: 'off' | 'starting' | 'on' | 'failed';
  /** Why it does not run although it is wanted; null = nothing is wrong. */
  problem: Words | null;
  /** In use now or most recently; '' = not known. */
  deviceId: string;
}

/** What the camera and the microphone do differently. A deviceId of '' = whichever suits. */
export interface CaptureDriver {
  track(): MediaStreamTrack | null;
  open(deviceId: string): Promise<void>;
  change(deviceId: string): Promise<void>;
  close(): Promise<void>;
}

export interface CaptureEvents {
  opened(): void;
  /** Another device was wanted and could not be had; the one before goes on. */
  notChanged(words: Words): void;
}

/**
 * One device from off to on and back. Steps are taken one after the other, and none of them
 * rejects: what counts in the end is whether there is a track; if not, `problem` says why.
 */
export function useCapture(
  duet: DuetClient, kind: CaptureKind, driver: CaptureDriver, events: CaptureEvents,
) {
  const state = reactive<Capture>({ status: 'off', problem: null, deviceId: '' });
  const serial = createSerial();
  /** Chosen by hand, now or at an earlier visit. */
  let wished = storedSetting(kind);

  /** A device that was chosen last time may not be there today: then any will do. */
  async function openWished(): Promise<void> {
    try {
      await driver.open(wished);
    } catch (error) {
      if (wished === '' || deviceWords(kind, error).cause !== `${kind}_missing`) throw error;
      wished = '';
      await driver.open('');
    }
  }

  async function attempt(task: () => Promise<void>): Promise<void> {
    const wasOn = state.status === 'on';
    if (!wasOn) state.status = 'starting';
    state.problem = null;
    const failure = await task().then(() => null, (error: unknown) => error ?? new Error(kind));
    const track = driver.track();
    state.status = track ? 'on' : 'failed';
    if (!track) {
      state.problem = isAbort(failure) ? null : deviceWords(kind, failure);
      return;
    }
    state.deviceId = track.getSettings().deviceId ?? '';
    events.opened();
    if (failure !== null && wasOn) {
      events.notChanged({ key: 'device.change.failed', cause: `${kind}_change_failed`, detail: '' });
    }
  }

  function start(): Promise<void> {
    return serial(async () => {
      if (state.status !== 'on') await attempt(openWished);
    });
  }

  function stop(): Promise<void> {
    return serial(async () => {
      if (state.status === 'on') await driver.close().catch(() => undefined); // it is let go either way
      state.status = 'off';
      state.problem = null;
    });
  }

  /** '' = no longer a certain one, but whichever suits. Takes effect at once when it is on. */
  function choose(deviceId: string): Promise<void> {
    wished = deviceId;
    if (deviceId !== '') {
      state.deviceId = deviceId;
      storeSetting(kind, deviceId);
    }
    return serial(async () => {
      if (state.status === 'on') await attempt(() => driver.change(deviceId));
    });
  }

  /** In its turn, and only while it is on: otherwise opening will see to it. */
  function whileOn(task: () => Promise<void>): Promise<void> {
    return serial(async () => {
      if (state.status === 'on') await task().catch(() => undefined); // the SDK repeats it when it is back
    });
  }

  duet.on('error', (error) => {
    if (!isDeviceError(error) || state.status !== 'on' || driver.track()) return;
    state.status = 'failed'; // unplugged, and there is no other one
    state.problem = deviceWords(kind, error);
  });
  duet.on('track', ({ userId, streamType, track }) => {
    if (userId !== '' || streamType !== 'main' || track !== driver.track()) return;
    state.deviceId = track.getSettings().deviceId ?? '';
  });
  duet.on('permission-state-change', (permissions) => {
    if (permissions[kind] === 'granted' && state.status === 'failed') void start();
  });
  // Plugged in again, or another one: what was lost goes on.
  duet.on('device-changed', ({ type, action }) => {
    if (type === kind && action === 'add' && state.status === 'failed') void start();
  });

  return { state, start, stop, choose, whileOn };
}
