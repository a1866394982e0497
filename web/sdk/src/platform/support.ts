/** What this browser can do. */

import type { SupportResult } from '../types.js';

function has(codecs: readonly RTCRtpCodec[], mimeType: string): boolean {
  return codecs.some((codec) => codec.mimeType.toLowerCase() === mimeType);
}

export async function checkSupport(): Promise<SupportResult> {
  const isWebRTCSupported = typeof RTCPeerConnection === 'function'
    && typeof RTCPeerConnection.prototype.addTransceiver === 'function';
  const media = typeof navigator === 'object' ? navigator.mediaDevices as MediaDevices | undefined : undefined;
  const senders = isWebRTCSupported ? RTCRtpSender.getCapabilities('video')?.codecs ?? [] : [];
  const receivers = isWebRTCSupported ? RTCRtpReceiver.getCapabilities('video')?.codecs ?? [] : [];
  const detail = {
    isBrowserSupported: isWebRTCSupported && typeof WebSocket === 'function',
    isWebRTCSupported,
    isWebCodecsSupported: typeof VideoEncoder === 'function',
    isMediaDevicesSupported: typeof media?.getUserMedia === 'function',
    isScreenShareSupported: typeof media?.getDisplayMedia === 'function',
    isSmallStreamSupported: isWebRTCSupported && typeof RTCRtpSender.prototype.setParameters === 'function',
    isH264EncodeSupported: has(senders, 'video/h264'),
    isH264DecodeSupported: has(receivers, 'video/h264'),
    isVp8EncodeSupported: has(senders, 'video/vp8'),
    isVp8DecodeSupported: has(receivers, 'video/vp8'),
  };
  const canSend = detail.isH264EncodeSupported || detail.isVp8EncodeSupported;
  const canReceive = detail.isH264DecodeSupported || detail.isVp8DecodeSupported;
  return {
    result: detail.isBrowserSupported && detail.isMediaDevicesSupported && canSend && canReceive,
    detail,
  };
}
