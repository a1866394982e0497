import { Duet } from '@duet/sdk';
import type { DuetClient } from '@duet/sdk';
import { ref } from 'vue';
import type { Ref } from 'vue';

export interface Devices {
  cameras: Ref<MediaDeviceInfo[]>;
  microphones: Ref<MediaDeviceInfo[]>;
  speakers: Ref<MediaDeviceInfo[]>;
  /** Again, without asking for permission: names appear once one was given. */
  refresh(): Promise<void>;
}

// No list is an empty list: the page then offers no choice and uses the default device.
async function list(get: (ask: boolean) => Promise<MediaDeviceInfo[]>): Promise<MediaDeviceInfo[]> {
  const devices = await get(false).catch(() => []);
  return devices.filter(({ deviceId }) => deviceId !== '');
}

/** What is plugged in, kept up to date. */
export function useDevices(duet: DuetClient): Devices {
  const cameras = ref<MediaDeviceInfo[]>([]);
  const microphones = ref<MediaDeviceInfo[]>([]);
  const speakers = ref<MediaDeviceInfo[]>([]);

  async function refresh(): Promise<void> {
    [cameras.value, microphones.value, speakers.value] = await Promise.all([
      list((ask) => Duet.getCameraList(ask)),
      list((ask) => Duet.getMicrophoneList(ask)),
      list((ask) => Duet.getSpeakerList(ask)),
    ]);
  }

  duet.on('device-changed', () => void refresh());
  void refresh();
  return { cameras, microphones, speakers, refresh };
}
