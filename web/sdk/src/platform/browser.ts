/** The browser as a Platform. The only place, with its neighbours in this folder, that touches globals. */

import { ERROR_CODE, invalidParameter, RtcError } from '../errors.js';
import type { View } from '../types.js';
import { BrowserAudioElement, BrowserLevelMeter, setSpeaker } from './browser-audio.js';
import { BrowserVideoElement } from './browser-video.js';
import type { Cancel, PermissionName, Platform, Socket, SocketHandlers } from './platform.js';

function listen(target: EventTarget | undefined, type: string, listener: (event: Event) => void): Cancel {
  target?.addEventListener(type, listener);
  return () => target?.removeEventListener(type, listener);
}

function openSocket(url: string, handlers: SocketHandlers): Socket {
  const socket = new WebSocket(url);
  let ended = false;
  socket.onopen = () => {
    if (!ended) handlers.open();
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!ended && typeof data === 'string') handlers.message(data);
  };
  socket.onclose = ({ code }) => {
    if (ended) return;
    ended = true;
    handlers.closed(code);
  };
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      ended = true;
      socket.close();
    },
  };
}

/** Missing on pages that are not secure; the sentence says so, for the browser's own error does not. */
function mediaDevices(): MediaDevices {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) {
    throw new RtcError({
      code: ERROR_CODE.ENV_NOT_SUPPORTED,
      message: 'browsers give camera and microphone only to pages from https:// or localhost: open this page so',
    });
  }
  return devices;
}

async function getDisplayMedia(constraints: DisplayMediaStreamOptions): Promise<MediaStream> {
  const devices = mediaDevices();
  if (typeof devices.getDisplayMedia !== 'function') {
    throw new RtcError({
      code: ERROR_CODE.ENV_NOT_SUPPORTED,
      message: 'this browser cannot share the screen; browsers on phones mostly cannot',
    });
  }
  return devices.getDisplayMedia(constraints);
}

async function permissionStatus(name: PermissionName): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: name as unknown as globalThis.PermissionName });
  } catch {
    return null; // Firefox knows no such permissions
  }
}

function onPermissionChange(listener: () => void): Cancel {
  let cancelled = false;
  const cancels: Cancel[] = [];
  for (const name of ['camera', 'microphone'] as const) {
    void permissionStatus(name).then((status) => {
      if (status && !cancelled) cancels.push(listen(status, 'change', listener));
    });
  }
  return () => {
    cancelled = true;
    for (const cancel of cancels) cancel();
  };
}

function resolveView(view: View): HTMLElement[] {
  if (view === null) return [];
  if (typeof view === 'string') {
    const element = document.getElementById(view);
    if (!element) throw invalidParameter(`there is no element with the id '${view}'`);
    return [element];
  }
  const elements = Array.isArray(view) ? view : [view];
  for (const element of elements) {
    if (!(element instanceof HTMLElement)) throw invalidParameter('view must be an element, its id, or null');
  }
  return [...new Set(elements)];
}

/** Draws each frame mirrored onto a canvas. Its rate falls while the page is hidden, as canvases do. */
function createMirroredTrack(track: MediaStreamTrack): MediaStreamTrack {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  const canvas = document.createElement('canvas');
  const settings = track.getSettings();
  canvas.width = settings.width ?? 640;
  canvas.height = settings.height ?? 480;
  const context = canvas.getContext('2d');
  const mirrored = canvas.captureStream().getVideoTracks()[0];
  if (!context || !mirrored) {
    throw new RtcError({ code: ERROR_CODE.ENV_NOT_SUPPORTED, message: 'this browser cannot mirror what is sent' });
  }
  const next: (draw: () => void) => void = typeof video.requestVideoFrameCallback === 'function'
    ? (draw) => void video.requestVideoFrameCallback(draw)
    : (draw) => void requestAnimationFrame(draw);
  const draw = (): void => {
    if (mirrored.readyState === 'ended' || track.readyState === 'ended') {
      video.srcObject = null;
      return;
    }
    if (video.videoWidth > 0 && (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight)) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
    }
    context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    next(draw);
  };
  next(draw);
  void video.play().catch(() => undefined);
  return mirrored;
}

function createPlatform(): Platform {
  return {
    now: () => performance.now(),
    random: () => Math.random(),
    setTimer: (delay_ms, fire) => {
      const handle = setTimeout(fire, delay_ms);
      return () => clearTimeout(handle);
    },
    origin: () => location.origin,
    isHidden: () => document.hidden,
    onVisibilityChange: (listener) => listen(document, 'visibilitychange', listener),
    onOnline: (listener) => listen(window, 'online', listener),
    onPageHide: (listener) => listen(window, 'pagehide', (event) => listener((event as PageTransitionEvent).persisted)),
    openSocket,
    createPeerConnection: (onConnectionState) => {
      const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      pc.onconnectionstatechange = onConnectionState;
      return pc;
    },
    videoCodecs: () => RTCRtpReceiver.getCapabilities('video')?.codecs ?? [],
    getUserMedia: async (constraints) => mediaDevices().getUserMedia(constraints),
    getDisplayMedia,
    enumerateDevices: async () => mediaDevices().enumerateDevices(),
    onDeviceChange: (listener) => listen(navigator.mediaDevices, 'devicechange', listener),
    queryPermission: async (name) => (await permissionStatus(name))?.state ?? null,
    onPermissionChange,
    resolveView,
    createVideoElement: (container, events) => new BrowserVideoElement(container, events),
    createAudioElement: (events) => new BrowserAudioElement(events),
    createLevelMeter: (track) => new BrowserLevelMeter(track),
    createMirroredTrack,
    setSpeaker,
  };
}

let platform: Platform | null = null;

/** One for the page. */
export function browserPlatform(): Platform {
  platform ??= createPlatform();
  return platform;
}
