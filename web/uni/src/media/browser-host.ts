/** The browser behind Host. */

import { Duet } from '@duet/sdk';
import type { CameraWish, Cancel, Host, MicrophoneWish, PageState, Still } from '../core/host.js';
import { BrowserMixer } from './mixer.js';
import { optics } from './optics.js';
import { createPicturePass } from './picture-pass.js';

async function capture(constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  if (!navigator.mediaDevices) throw new DOMException('this page is neither https nor localhost', 'SecurityError');
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0]!;
}

/**
 * Cameras are asked for a picture that lies, also for one that is to stand: computers have no other, and
 * phones turn it by themselves.
 */
function openCamera({ front, width, height, zoom }: CameraWish): Promise<MediaStreamTrack> {
  return capture({
    video: {
      width: { ideal: Math.max(width, height) },
      height: { ideal: Math.min(width, height) },
      frameRate: { ideal: 15, max: 30 },
      facingMode: { ideal: front ? 'user' : 'environment' },
      ...(zoom ? { zoom: true } : {}),
    },
  });
}

function openMicrophone({ agc, ans }: MicrophoneWish): Promise<MediaStreamTrack> {
  return capture({ audio: { echoCancellation: true, autoGainControl: agc, noiseSuppression: ans } });
}

/** One place for the events of the page, whoever listens. */
function onPage(listener: (state: PageState) => void): Cancel {
  const visibility = (): void => listener(document.visibilityState === 'hidden' ? 'hidden' : 'visible');
  const freeze = (): void => listener('frozen');
  document.addEventListener('visibilitychange', visibility);
  document.addEventListener('freeze', freeze);
  document.addEventListener('resume', visibility);
  return () => {
    document.removeEventListener('visibilitychange', visibility);
    document.removeEventListener('freeze', freeze);
    document.removeEventListener('resume', visibility);
  };
}

const GESTURES = ['click', 'touchend', 'keydown'] as const;

function onGesture(run: () => void): Cancel {
  const cancel = (): void => {
    for (const gesture of GESTURES) document.removeEventListener(gesture, once, true);
  };
  const once = (): void => {
    cancel();
    run();
  };
  for (const gesture of GESTURES) document.addEventListener(gesture, once, true);
  return cancel;
}

async function createStill(url: string): Promise<Still> {
  const image = new Image();
  image.crossOrigin = 'anonymous'; // a canvas with another site's picture gives no track
  image.src = url;
  await image.decode();
  const canvas = document.createElement('canvas');
  const scale = Math.min(1, 640 / Math.max(image.naturalWidth, image.naturalHeight));
  // Even sizes: encoders halve the colour planes.
  canvas.width = Math.max(2, 2 * Math.round((image.naturalWidth * scale) / 2));
  canvas.height = Math.max(2, 2 * Math.round((image.naturalHeight * scale) / 2));
  const context = canvas.getContext('2d')!;
  const draw = (): void => context.drawImage(image, 0, 0, canvas.width, canvas.height);
  draw();
  const track = canvas.captureStream().getVideoTracks()[0]!;
  const timer = setInterval(draw, 500); // a picture that never changes sends no frames to those who come later
  return {
    track,
    dispose: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** Phones name their outputs; where there is no earpiece everything stays as it is. */
async function setSoundMode(mode: 'speaker' | 'ear'): Promise<void> {
  const speakers = await Duet.getSpeakerList(false);
  const found = speakers.find(({ label }) => (mode === 'ear' ? /earpiece/i : /speakerphone|^speaker/i).test(label));
  if (found) await Duet.setCurrentSpeaker(found.deviceId);
}

function pictureUrl(dataUrl: string): string {
  const [head = '', base64 = ''] = dataUrl.split(',', 2);
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: /data:([^;]*)/.exec(head)?.[1] ?? 'image/png' }));
}

export const browserHost: Host = {
  origin: () => location.origin,
  isOnline: () => navigator.onLine,
  isPhone: () => matchMedia('(pointer: coarse)').matches,
  setTimer: (delay_ms, fire) => {
    const timer = setTimeout(fire, delay_ms);
    return () => clearTimeout(timer);
  },
  onPage,
  onGesture,
  createClient: () => Duet.create({ logLevel: 3 }),
  openCamera,
  openMicrophone,
  optics,
  createPicturePass,
  createStill,
  createMixer: () => new BrowserMixer(),
  setSoundMode: (mode) => void setSoundMode(mode).catch(() => undefined),
  pictureUrl,
};
