import { Duet } from '@duet/sdk';
import type { DuetClient, FillMode, LocalVideoOption } from '@duet/sdk';
import { computed, ref } from 'vue';
import { deviceChoices, nextDevice } from '../logic/devices.js';
import type { Words } from '../logic/errors.js';
import { useCapture } from './useCapture.js';
import type { Devices } from './useDevices.js';
import { useScreenShare } from './useScreenShare.js';
import { storeSetting, storedSetting } from './useSettings.js';

const PROFILE = { width: 640, height: 480, frameRate: 30, bitrate: 900 };

function hasTwoSides(): boolean {
  return matchMedia('(pointer: coarse)').matches; // phones and tablets: front and back
}

/**
 * One's own camera, microphone, screen and speaker. They run for the preview before the room is
 * entered, go on through the call, and are released with it. Wishes (camera off, muted) outlive that.
 */
export function useLocalMedia(duet: DuetClient, devices: Devices) {
  /** To be told once; whoever tells it sets it back to null. */
  const problem = ref<Words | null>(null);
  const tell = (words: Words): void => { problem.value = words; };
  const events = { opened: () => void devices.refresh(), notChanged: tell }; // names are known from now on
  const screen = useScreenShare(duet, tell);

  // --- camera ---

  const cameraWanted = ref(true);
  const frontCamera = ref(true);
  let view: HTMLElement | null = null;
  let fillMode: FillMode = 'auto';
  const which = (cameraId: string): LocalVideoOption =>
    cameraId ? { cameraId } : { useFrontCamera: frontCamera.value };
  const camera = useCapture(duet, 'camera', {
    track: () => duet.getVideoTrack(),
    open: (id) => duet.startLocalVideo({ view, option: { ...which(id), profile: PROFILE, fillMode } }),
    change: (id) => duet.updateLocalVideo({ option: which(id) }),
    close: () => duet.stopLocalVideo(),
  }, events);

  async function toggleCamera(): Promise<void> {
    const { status } = camera.state;
    cameraWanted.value = status === 'off' || status === 'failed';
    await (cameraWanted.value ? camera.start() : camera.stop());
  }

  const canSwitchCamera = computed(() => devices.cameras.value.length > 1);

  /** The next camera; on a phone the one on the other side. */
  async function switchCamera(): Promise<void> {
    if (hasTwoSides()) {
      frontCamera.value = !frontCamera.value;
      await camera.choose('');
      return;
    }
    const next = nextDevice(deviceChoices(devices.cameras.value, ''), camera.state.deviceId);
    if (next) await camera.choose(next.deviceId);
  }

  /** Where and how one's own picture is shown from now on. */
  async function showIn(element: HTMLElement | null, mode: FillMode = 'auto'): Promise<void> {
    view = element;
    fillMode = mode;
    await camera.whileOn(() => duet.updateLocalVideo({ view: element, option: { fillMode: mode } }));
  }

  // --- microphone and speaker ---

  const muted = ref(false);
  const level = ref(0);
  const speakerId = ref(storedSetting('speaker'));
  const microphone = useCapture(duet, 'microphone', {
    track: () => duet.getAudioTrack(),
    open: (id) => duet.startLocalAudio({ mute: muted.value, option: id ? { microphoneId: id } : {} }),
    change: (id) => duet.updateLocalAudio({ option: { microphoneId: id } }),
    close: () => duet.stopLocalAudio(),
  }, events);

  async function toggleMute(): Promise<void> {
    if (microphone.state.status === 'failed') { // the click asks for the microphone once more
      muted.value = false;
      await microphone.start();
      return;
    }
    muted.value = !muted.value;
    await microphone.whileOn(() => duet.updateLocalAudio({ mute: muted.value }));
  }

  async function selectSpeaker(deviceId: string): Promise<void> {
    try {
      await Duet.setCurrentSpeaker(deviceId);
      speakerId.value = deviceId;
      storeSetting('speaker', deviceId);
    } catch {
      tell({ key: 'speaker.failed', cause: 'speaker_failed', detail: '' });
    }
  }

  duet.on('audio-volume', ({ result }) => {
    const own = result.find(({ userId }) => userId === '');
    level.value = own && microphone.state.status === 'on' && !muted.value ? own.volume : 0;
  });

  // --- all of it ---

  /** Starts what is wanted and not running. Never rejects: see each device's `problem`. */
  async function acquire(): Promise<void> {
    if (speakerId.value) void selectSpeaker(speakerId.value);
    await Promise.all([cameraWanted.value ? camera.start() : undefined, microphone.start()]);
  }

  /** Lets go of every device: no light stays on. */
  async function release(): Promise<void> {
    await Promise.all([screen.stop(), camera.stop(), microphone.stop()]);
    level.value = 0;
  }

  return {
    camera: camera.state,
    microphone: microphone.state,
    sharing: screen.sharing,
    speakerId, muted, problem, level, canSwitchCamera,
    startCamera: camera.start, selectCamera: camera.choose, toggleCamera, switchCamera, showIn,
    startMicrophone: microphone.start, selectMicrophone: microphone.choose, toggleMute,
    selectSpeaker, toggleScreen: screen.toggle, acquire, release,
  };
}

export type LocalMedia = ReturnType<typeof useLocalMedia>;
