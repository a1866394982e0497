/** Which video codecs are offered, and in which order. Pure. */

function parameter(codec: RTCRtpCodec, name: string): string | undefined {
  for (const part of (codec.sdpFmtpLine ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value?.toLowerCase();
  }
  return undefined;
}

/** 0 is best; null = not offered. */
function rank(codec: RTCRtpCodec): number | null {
  switch (codec.mimeType.toLowerCase()) {
    case 'video/h264': {
      if (parameter(codec, 'packetization-mode') !== '1') return null;
      // 42 with constraint bit 1 is constrained baseline: every phone has hardware for it.
      const profile = parameter(codec, 'profile-level-id') ?? '';
      return profile.startsWith('42e0') || profile.startsWith('42c0') ? 0 : 2;
    }
    case 'video/vp8':
      return 1;
    case 'video/rtx':
      return 3;
    default:
      return null;
  }
}

/**
 * H.264 constrained baseline with packetization-mode 1 first, then VP8, then H.264's other
 * profiles, then retransmission. Codecs that Duet does not forward are left out: each costs 600
 * bytes per section, and an offer of many sections must fit into a 64 KiB message.
 */
export function preferredVideoCodecs(codecs: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  return codecs
    .map((codec, index) => ({ codec, index, rank: rank(codec) }))
    .filter((entry) => entry.rank !== null)
    .sort((a, b) => a.rank! - b.rank! || a.index - b.index)
    .map((entry) => entry.codec);
}
