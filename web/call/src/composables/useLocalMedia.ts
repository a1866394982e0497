import { Duet } from '@duet/sdk';
import type { DuetClient, FillMode, LocalVideoOption } from '@duet/sdk';
import { computed, reactive, ref } from 'vue';
import { deviceChoices, nextDevice } from '../logic/devices.js';
import { deviceWords, isAbort } from '../logic/errors.js';
import type { Words } from '../logic/errors.js';
import { createSerial } from '../logic/serial.js';
import type { Devices } from './useDevices.js';
import { storeSetting, storedSetting } from './useSettings.js';

const PROFILE = { width: 640, height: 480, frameRate: 30, bitrate: 900 };

export type CaptureStatus = 'off' | 'starting' | 'on' | 'failed';

export interface Capture {
  status: CaptureStatus;
  /** Why it does not run although it is wanted; null = nothing is wrong. */
  problem: Words | null;
  deviceId: string;
}

function hasTwoSides(): boolean {
  return matchMedia('(pointer: coarse)').matches; // phones and tablets: front and back
}

/**
 * One's own camera, microphone, screen and speaker. They run for the preview before the room is
 * entered, go on through the call, and are released with it. Wishes (camera on, muted) outlive that.
 */
export function useLocalMedia(duet: DuetClient, devices: Devices) {
  const camera = reactive<Capture>({ status: 'off', problem: null, deviceId: storedSetting('camera') });
  const microphone = reactive<Capture>({
    status: 'off', problem: null, deviceId: storedSetting('microphone'),
  });
  const speakerId = ref(storedSetting('speaker'));
  const cameraWanted = ref(true);
  const muted = ref(false);
  const sharing = ref(false);
  const problem = ref<Words | null>(null);
  const level = ref(0);
  const frontCamera = ref(true);
  const video = createSerial();
  const audio = createSerial();
  let view: HTMLElement | null = null;
  let fillMode: FillMode = 'auto';
  let chosenByHand = camera.deviceId !== '';

  function videoOption(): LocalVideoOption {
    const which = chosenByHand ? { cameraId: camera.deviceId } : { useFrontCamera: frontCamera.value };
    return { ...which, profile: PROFILE, mirror: frontCamera.value ? 'view' : false, fillMode };
  }

  async function openCamera(): Promise<void> {
    try {
      await duet.startLocalVideo({ view, option: videoOption() });
    } catch (error) {
      const words = deviceWords('camera', error);
      if (!chosenByHand || words.cause !== 'camera_missing') throw error;
      chosenByHand = false; // the one that was chosen last time is not there today: any will do
      camera.deviceId = '';
      await duet.startLocalVideo({ view, option: videoOption() });
    }
    camera.deviceId ||= duet.getVideoTrack()?.getSettings().deviceId ?? '';
  }

  async function openMicrophone(): Promise<void> {
    const start = (): Promise<void> => duet.startLocalAudio({
      mute: muted.value,
      option: microphone.deviceId ? { microphoneId: microphone.deviceId } : {},
    });
    try {
      await start();
    } catch (error) {
      const words = deviceWords('microphone', error);
      if (microphone.deviceId === '' || words.cause !== 'microphone_missing') throw error;
      microphone.deviceId = '';
      await start();
    }
    microphone.deviceId ||= duet.getAudioTrack()?.getSettings().deviceId ?? '';
  }

  async function run(capture: Capture, kind: 'camera' | 'microphone', open: () => Promise<void>) {
    capture.status = 'starting';
    capture.problem = null;
    try {
      await open();
      capture.status = 'on';
      void devices.refresh(); // names of devices are known from now on
    } catch (error) {
      capture.status = 'failed';
      capture.problem = isAbort(error) ? null : deviceWords(kind, error);
    }
  }

  function startCamera(): Promise<void> {
    cameraWanted.value = true;
    return video(async () => {
      if (camera.status !== 'on') await run(camera, 'camera', openCamera);
    });
  }

  function stopCamera(): Promise<void> {
    return video(async () => {
      if (camera.status === 'on') await duet.stopLocalVideo().catch(() => undefined);
      camera.status = 'off';
      camera.problem = null;
    });
  }

  function startMicrophone(): Promise<void> {
    return audio(async () => {
      if (microphone.status !== 'on') await run(microphone, 'microphone', openMicrophone);
    });
  }

  async function toggleCamera(): Promise<void> {
    if (camera.status === 'on' || camera.status === 'starting') {
      cameraWanted.value = false;
      await stopCamera();
    } else {
      await startCamera();
    }
  }

  async function toggleMute(): Promise<void> {
    if (microphone.status === 'failed') { // the click asks for the microphone once more
      muted.value = false;
      await startMicrophone();
      return;
    }
    muted.value = !muted.value;
    await audio(async () => {
      if (microphone.status === 'on') await duet.updateLocalAudio({ mute: muted.value });
    });
  }

  async function selectCamera(deviceId: string): Promise<void> {
    camera.deviceId = deviceId;
    chosenByHand = true;
    storeSetting('camera', deviceId);
    await video(async () => {
      if (camera.status === 'on') {
        await run(camera, 'camera', () => duet.updateLocalVideo({ option: { cameraId: deviceId } }));
      }
    });
  }

  async function selectMicrophone(deviceId: string): Promise<void> {
    microphone.deviceId = deviceId;
    storeSetting('microphone', deviceId);
    await audio(async () => {
      if (microphone.status === 'on') {
        await run(microphone, 'microphone', () =>
          duet.updateLocalAudio({ option: { microphoneId: deviceId } }));
      }
    });
  }

  async function selectSpeaker(deviceId: string): Promise<void> {
    try {
      await Duet.setCurrentSpeaker(deviceId);
      speakerId.value = deviceId;
      storeSetting('speaker', deviceId);
    } catch {
      problem.value = { key: 'speaker.failed', cause: 'speaker_failed', detail: '' };
    }
  }

  const canSwitchCamera = computed(() => devices.cameras.value.length > 1);

  /** The next camera; on a phone the one on the other side. */
  async function switchCamera(): Promise<void> {
    if (!hasTwoSides()) {
      const next = nextDevice(deviceChoices(devices.cameras.value, ''), camera.deviceId);
      if (next) await selectCamera(next.deviceId);
      return;
    }
    frontCamera.value = !frontCamera.value;
    chosenByHand = false;
    await video(async () => {
      if (camera.status !== 'on') return;
      const front = frontCamera.value;
      await run(camera, 'camera', () => duet.updateLocalVideo({
        option: { useFrontCamera: front, mirror: front ? 'view' : false },
      }));
      camera.deviceId = duet.getVideoTrack()?.getSettings().deviceId ?? '';
    });
  }

  async function toggleScreen(): Promise<void> {
    if (sharing.value) {
      sharing.value = false;
      await duet.stopScreenShare().catch(() => undefined);
      return;
    }
    try {
      await duet.startScreenShare({ option: { profile: '1080p' } });
      sharing.value = true;
    } catch (error) {
      const denied = deviceWords('camera', error).cause === 'camera_denied';
      problem.value = denied
        ? { key: 'screen.denied', cause: 'screen_denied', detail: '' }
        : { key: 'screen.failed', cause: 'screen_failed', detail: '' };
    }
  }

  /** Where and how one's own picture is shown from now on. */
  async function showIn(element: HTMLElement | null, mode: FillMode = 'auto'): Promise<void> {
    view = element;
    fillMode = mode;
    await video(async () => {
      if (camera.status !== 'on') return;
      await duet.updateLocalVideo({ view: element, option: { fillMode: mode } });
    });
  }

  /** Starts what is wanted and not running. Never rejects: see the problems of each device. */
  async function acquire(): Promise<void> {
    if (speakerId.value) void selectSpeaker(speakerId.value);
    await Promise.all([cameraWanted.value ? startCamera() : undefined, startMicrophone()]);
  }

  /** Lets go of every device: no light stays on. */
  async function release(): Promise<void> {
    if (sharing.value) await toggleScreen();
    await stopCamera();
    await audio(async () => {
      if (microphone.status === 'on') await duet.stopLocalAudio().catch(() => undefined);
      microphone.status = 'off';
      microphone.problem = null;
    });
    level.value = 0;
  }

  duet.on('audio-volume', ({ result }) => {
    const own = result.find(({ userId }) => userId === '');
    if (own) level.value = microphone.status === 'on' && !muted.value ? own.volume : 0;
  });
  duet.on('screen-share-stopped', () => {
    sharing.value = false;
  });
  duet.on('permission-state-change', (permissions) => {
    if (permissions.camera === 'granted' && camera.status === 'failed') void startCamera();
    if (permissions.microphone === 'granted' && microphone.status === 'failed') void startMicrophone();
  });

  return {
    camera, microphone, speakerId, muted, sharing, problem, level, frontCamera, canSwitchCamera,
    startCamera, startMicrophone, toggleCamera, toggleMute, toggleScreen, switchCamera,
    selectCamera, selectMicrophone, selectSpeaker, showIn, acquire, release,
  };
}

export type LocalMedia = ReturnType<typeof useLocalMedia>;
