/** What the named profiles mean, and what is asked of browser and sender for them. */

import { invalidParameter } from './errors.js';
import type {
  AudioProfileName, ScreenProfileName, VideoProfile, VideoProfileName,
} from './types.js';

/** Channels, and bit rate in kbit/s. All are sampled at 48 kHz. */
export interface AudioProfile {
  channels: 1 | 2;
  bitrate: number;
}

export const AUDIO_PROFILES: Readonly<Record<AudioProfileName, AudioProfile>> = {
  'standard': { channels: 1, bitrate: 40 },
  'standard-stereo': { channels: 2, bitrate: 64 },
  'high': { channels: 1, bitrate: 192 },
  'high-stereo': { channels: 2, bitrate: 192 },
};

function video(width: number, height: number, frameRate: number, bitrate: number): VideoProfile {
  return { width, height, frameRate, bitrate };
}

export const VIDEO_PROFILES: Readonly<Record<VideoProfileName, VideoProfile>> = {
  '120p': video(160, 120, 15, 200),
  '180p': video(320, 180, 15, 350),
  '240p': video(320, 240, 15, 400),
  '360p': video(640, 360, 15, 800),
  '480p': video(640, 480, 15, 900),
  '720p': video(1280, 720, 15, 1500),
  '1080p': video(1920, 1080, 15, 2000),
  '1440p': video(2560, 1440, 30, 4860),
  '4K': video(3840, 2160, 30, 9000),
};

export const SCREEN_PROFILES: Readonly<Record<ScreenProfileName, VideoProfile>> = {
  '480p': video(640, 480, 5, 900),
  '480p_2': video(640, 480, 30, 1000),
  '720p': video(1280, 720, 5, 1200),
  '720p_2': video(1280, 720, 30, 3000),
  '1080p': video(1920, 1080, 5, 1600),
  '1080p_2': video(1920, 1080, 30, 4000),
};

export function audioProfile(name: AudioProfileName = 'standard'): AudioProfile {
  return lookUp(AUDIO_PROFILES, name);
}

export function videoProfile(profile: VideoProfileName | VideoProfile = '480p'): VideoProfile {
  return typeof profile === 'string' ? lookUp(VIDEO_PROFILES, profile) : checked(profile);
}

export function screenProfile(profile: ScreenProfileName | VideoProfile = '1080p'): VideoProfile {
  return typeof profile === 'string' ? lookUp(SCREEN_PROFILES, profile) : checked(profile);
}

function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T {
  if (!Object.hasOwn(table, name)) {
    throw invalidParameter(`there is no profile '${name}'; there are ${Object.keys(table).join(', ')}`);
  }
  return table[name]!;
}

function checked(profile: VideoProfile): VideoProfile {
  for (const member of ['width', 'height', 'frameRate', 'bitrate'] as const) {
    if (!Number.isFinite(profile[member]) || profile[member] <= 0) {
      throw invalidParameter(`profile.${member} must be a number above 0`);
    }
  }
  return profile;
}
