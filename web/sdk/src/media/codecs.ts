/** Which video codecs are offered, and in which order. Pure. */

import type { VideoCodec } from '../signal/messages.js';

function parameter(codec: RTCRtpCodec, name: string): string | undefined {
  for (const part of (codec.sdpFmtpLine ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value?.toLowerCase();
  }
  return undefined;
}

/** 0 is best; null = not offered. */
function rank(codec: RTCRtpCodec, required: VideoCodec | null): number | null {
  switch (codec.mimeType.toLowerCase()) {
    case 'video/h264': {
      if (parameter(codec, 'packetization-mode') !== '1') return null;
      // 42 with constraint bit 1 is constrained baseline: every phone has hardware for it.
      const profile = parameter(codec, 'profile-level-id') ?? '';
      if (profile.startsWith('42e0') || profile.startsWith('42c0')) return 0;
      return required === 'h264' ? 1 : 3;
    }
    case 'video/vp8':
      return 2;
    case 'video/rtx':
      return 4;
    default:
      return null;
  }
}

/**
 * H.264 constrained baseline with packetization-mode 1 first, then VP8, then H.264's other
 * profiles (before VP8 when H.264 is required), then retransmission. Codecs that Duet does not
 * forward are left out: each costs 600 bytes per section, and an offer of many sections must fit
 * into a 64 KiB message.
 */
export function preferredVideoCodecs(codecs: readonly RTCRtpCodec[], required: VideoCodec | null = null): RTCRtpCodec[] {
  return codecs
    .map((codec, index) => ({ codec, index, rank: rank(codec, required) }))
    .filter((entry) => entry.rank !== null)
    .sort((a, b) => a.rank! - b.rank! || a.index - b.index)
    .map((entry) => entry.codec);
}
