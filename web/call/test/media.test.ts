import { DEVICE_EXTRA_CODE, Duet, ERROR_CODE } from '@duet/sdk';
import { ref } from 'vue';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Devices } from '../src/composables/useDevices.js';
import { useLocalMedia } from '../src/composables/useLocalMedia.js';
import { FakeDuet, rtcError, settle } from './fake_duet.js';

const device = (deviceId: string): MediaDeviceInfo => ({ deviceId, label: deviceId }) as MediaDeviceInfo;
const denied = rtcError(ERROR_CODE.DEVICE_ERROR, DEVICE_EXTRA_CODE.NOT_ALLOWED);
const missing = rtcError(ERROR_CODE.DEVICE_ERROR, DEVICE_EXTRA_CODE.NOT_FOUND);

function storage(): Storage {
  const values = new Map<string, string>();
  return {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
  } as Storage;
}

function setUp(cameras = ['front', 'desk']) {
  const duet = new FakeDuet();
  const devices: Devices = {
    cameras: ref(cameras.map(device)), microphones: ref([]), speakers: ref([]), refresh: vi.fn(async () => {}),
  };
  return { duet, devices, media: useLocalMedia(duet.client, devices) };
}

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
});

describe('camera and microphone', () => {
  it('start as the call needs them', async () => {
    const { duet, media, devices } = setUp();
    await media.acquire();
    expect(media.camera).toMatchObject({ status: 'on', problem: null, deviceId: 'default Video' });
    expect(media.microphone).toMatchObject({ status: 'on', problem: null, deviceId: 'default Audio' });
    expect(duet.named('startLocalVideo')).toEqual([[{
      view: null,
      option: { useFrontCamera: true, profile: { width: 640, height: 480, frameRate: 30, bitrate: 900 }, fillMode: 'auto' },
    }]]);
    expect(devices.refresh).toHaveBeenCalled();
  });

  it('are started once, however often they are asked for', async () => {
    const { duet, media } = setUp();
    await Promise.all([media.acquire(), media.acquire()]);
    expect(duet.named('startLocalVideo')).toHaveLength(1);
    expect(duet.named('startLocalAudio')).toHaveLength(1);
  });

  it('fail each for itself, in words', async () => {
    const { duet, media } = setUp();
    duet.behaviour.set('startLocalVideo', denied);
    await media.acquire();
    expect(media.camera).toMatchObject({ status: 'failed', problem: { key: 'camera.denied' } });
    expect(media.microphone).toMatchObject({ status: 'on', problem: null });
  });

  it('start when permission is given later', async () => {
    const { duet, media } = setUp();
    duet.behaviour.set('startLocalVideo', denied);
    await media.acquire();
    duet.behaviour.delete('startLocalVideo');
    duet.emit('permission-state-change', { camera: 'granted', microphone: 'granted' });
    await settle();
    expect(media.camera).toMatchObject({ status: 'on', problem: null });
  });

  it('are told as lost only where the track is gone', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    duet.lose('Audio');
    duet.emit('error', rtcError(ERROR_CODE.DEVICE_ERROR, DEVICE_EXTRA_CODE.LOST));
    expect(media.microphone).toMatchObject({ status: 'failed', problem: { key: 'microphone.lost' } });
    expect(media.camera.status).toBe('on');
  });

  it('go on when only publishing failed', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    duet.behaviour.set('updateLocalVideo', rtcError(ERROR_CODE.OPERATION_FAILED));
    await media.showIn(null);
    expect(media.camera).toMatchObject({ status: 'on', problem: null });
  });

  it('are let go, and started again as they were wished', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    await media.toggleCamera();
    await media.toggleMute();
    await media.release();
    expect([media.camera.status, media.microphone.status]).toEqual(['off', 'off']);
    await media.acquire();
    expect(media.camera.status).toBe('off');
    expect(duet.named('startLocalAudio').at(-1)).toEqual([{ mute: true, option: {} }]);
  });

  it('end as the last click says, whatever takes how long', async () => {
    const { duet, media } = setUp();
    let open = (): void => {};
    duet.behaviour.set('startLocalVideo', new Promise<void>((resolve) => { open = resolve; }));
    const clicks = [media.toggleCamera()];
    await settle();
    expect(media.camera.status).toBe('starting');
    clicks.push(media.toggleCamera());
    open();
    await Promise.all(clicks);
    expect(media.camera.status).toBe('off');
    expect(duet.calls.map(({ method }) => method).filter((name) => name.endsWith('LocalVideo')))
      .toEqual(['startLocalVideo', 'stopLocalVideo']);
  });
});

describe('choosing', () => {
  it('goes round the cameras of a computer and remembers the last', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    await media.selectCamera('front');
    await media.switchCamera();
    expect(duet.named('updateLocalVideo').at(-1)).toEqual([{ option: { cameraId: 'desk' } }]);
    expect(media.camera.deviceId).toBe('desk');
    const later = setUp();
    await later.media.acquire();
    expect(later.duet.named('startLocalVideo')[0]).toMatchObject([{ option: { cameraId: 'desk' } }]);
  });

  it('turns between front and back on a phone', async () => {
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const { duet, media } = setUp();
    await media.acquire();
    await media.switchCamera();
    await media.switchCamera();
    expect(duet.named('updateLocalVideo')).toEqual([
      [{ option: { useFrontCamera: false } }], [{ option: { useFrontCamera: true } }],
    ]);
  });

  it('does not insist on a camera that is not there today', async () => {
    localStorage.setItem('duet.call.camera', 'gone');
    const { duet, media } = setUp();
    duet.behaviour.set('startLocalVideo', missing);
    await media.acquire();
    expect(duet.named('startLocalVideo').map(([config]) => (config as { option: object }).option)).toMatchObject([
      { cameraId: 'gone' }, { useFrontCamera: true },
    ]);
    expect(media.camera.problem?.key).toBe('camera.missing');
  });

  it('keeps the device before when the new one cannot be had', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    duet.behaviour.set('updateLocalAudio', rtcError(ERROR_CODE.DEVICE_ERROR, DEVICE_EXTRA_CODE.NOT_READABLE));
    await media.selectMicrophone('busy one');
    expect(media.microphone).toMatchObject({ status: 'on', problem: null, deviceId: 'default Audio' });
    expect(media.problem.value?.key).toBe('device.change.failed');
  });

  it('tells when a speaker cannot be had', async () => {
    const { media } = setUp();
    const speaker = vi.spyOn(Duet, 'setCurrentSpeaker').mockRejectedValue(rtcError(ERROR_CODE.INVALID_PARAMETER));
    await media.selectSpeaker('x');
    expect(media.problem.value?.key).toBe('speaker.failed');
    expect(media.speakerId.value).toBe('');
    speaker.mockRestore();
  });
});

describe('muting', () => {
  it('is told to the SDK while the microphone is on, and kept while it is not', async () => {
    const { duet, media } = setUp();
    await media.toggleMute();
    expect(duet.named('updateLocalAudio')).toEqual([]);
    await media.acquire();
    expect(duet.named('startLocalAudio')).toEqual([[{ mute: true, option: {} }]]);
    await media.toggleMute();
    expect(duet.named('updateLocalAudio')).toEqual([[{ mute: false }]]);
  });

  it('asks again for a microphone that was refused', async () => {
    const { duet, media } = setUp();
    duet.behaviour.set('startLocalAudio', denied);
    await media.acquire();
    duet.behaviour.delete('startLocalAudio');
    await media.toggleMute();
    expect(media.microphone.status).toBe('on');
    expect(media.muted.value).toBe(false);
  });

  it('shows no level while muted', async () => {
    const { duet, media } = setUp();
    await media.acquire();
    const loud = { result: [{ userId: '', volume: 60, floatVolume: 60 }] };
    duet.emit('audio-volume', loud);
    expect(media.level.value).toBe(60);
    await media.toggleMute();
    duet.emit('audio-volume', loud);
    expect(media.level.value).toBe(0);
  });
});

describe('the screen', () => {
  it('is shared until the browser or the button ends it', async () => {
    const { duet, media } = setUp();
    await media.toggleScreen();
    expect(media.sharing.value).toBe(true);
    duet.emit('screen-share-stopped', undefined);
    expect(media.sharing.value).toBe(false);
    await media.toggleScreen();
    await media.toggleScreen();
    expect(duet.named('stopScreenShare')).toHaveLength(1);
    await media.toggleScreen();
    await media.release();
    expect(media.sharing.value).toBe(false);
    expect(duet.named('stopScreenShare')).toHaveLength(2);
  });
  it.each([[DEVICE_EXTRA_CODE.NOT_ALLOWED, 'screen.denied'], [DEVICE_EXTRA_CODE.OTHER, 'screen.failed']])('refused with %d', async (extraCode, key) => {
    const { duet, media } = setUp();
    duet.behaviour.set('startScreenShare', rtcError(ERROR_CODE.DEVICE_ERROR, extraCode));
    await media.toggleScreen();
    expect(media.sharing.value).toBe(false);
    expect(media.problem.value?.key).toBe(key);
  });
});
