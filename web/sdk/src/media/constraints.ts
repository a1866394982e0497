/** What is asked of the browser for each kind of capture. Pure. */

import type { LocalAudioOption, ScreenShareOption, VideoProfile } from '../types.js';
import type { AudioProfile } from '../profiles.js';

/** A camera is chosen by id, or else by the way it looks, or left to the browser. */
export interface CameraChoice {
  cameraId?: string | undefined;
  useFrontCamera?: boolean | undefined;
}

export function cameraConstraints(
  profile: VideoProfile, { cameraId, useFrontCamera }: CameraChoice, exactFacing: boolean,
): MediaTrackConstraints {
  const constraints: MediaTrackConstraints = {
    width: { ideal: profile.width },
    height: { ideal: profile.height },
    frameRate: { ideal: profile.frameRate },
  };
  if (cameraId) {
    constraints.deviceId = { exact: cameraId };
  } else if (useFrontCamera !== undefined) {
    const facing = useFrontCamera ? 'user' : 'environment';
    constraints.facingMode = exactFacing ? { exact: facing } : { ideal: facing };
  }
  return constraints;
}

export function microphoneConstraints(
  profile: AudioProfile, option: LocalAudioOption,
): MediaTrackConstraints {
  const constraints: MediaTrackConstraints = {
    echoCancellation: option.echoCancellation ?? true,
    autoGainControl: option.autoGainControl ?? true,
    noiseSuppression: option.noiseSuppression ?? true,
    channelCount: { ideal: profile.channels },
  };
  if (option.microphoneId) constraints.deviceId = { exact: option.microphoneId };
  return constraints;
}

const SURFACES = {
  'current-tab': 'browser', 'tab': 'browser', 'window': 'window', 'monitor': 'monitor',
} as const;

/** Members of getDisplayMedia's argument that the DOM types do not know yet. */
interface ScreenConstraints extends DisplayMediaStreamOptions {
  preferCurrentTab?: boolean;
  selfBrowserSurface?: 'include' | 'exclude';
  systemAudio?: 'include' | 'exclude';
}

export function screenConstraints(profile: VideoProfile, option: ScreenShareOption): ScreenConstraints {
  const surface = option.preferDisplaySurface ?? 'monitor';
  const constraints: ScreenConstraints = {
    video: {
      width: { max: profile.width },
      height: { max: profile.height },
      frameRate: { ideal: profile.frameRate },
      displaySurface: SURFACES[surface],
    },
    audio: option.systemAudio ? {
      // What the computer plays is not a voice: left as it is unless asked for.
      echoCancellation: option.echoCancellation ?? false,
      autoGainControl: option.autoGainControl ?? false,
      noiseSuppression: option.noiseSuppression ?? false,
    } : false,
  };
  if (option.systemAudio) constraints.systemAudio = 'include';
  if (surface === 'current-tab') constraints.preferCurrentTab = true;
  if (option.selfBrowserSurface) constraints.selfBrowserSurface = option.selfBrowserSurface;
  return constraints;
}
