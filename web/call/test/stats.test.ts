import type { StatsEntry } from '@duet/sdk';
import { describe, expect, it } from 'vitest';
import { callStats, panelStats } from '../src/logic/stats.js';

const entry = (id: string, type: string, more: Record<string, unknown> = {}, timestamp = 1000): StatsEntry =>
  ({ id, type, timestamp, ...more });

const ENTRIES = [
  entry('T', 'transport', { srtpCipher: 'AEAD_AES_128_GCM', selectedCandidatePairId: 'P2' }),
  entry('P1', 'candidate-pair', { currentRoundTripTime: 0.5, nominated: true, state: 'succeeded' }),
  entry('P2', 'candidate-pair', { currentRoundTripTime: 0.0125, localCandidateId: 'L', remoteCandidateId: 'R' }),
  entry('L', 'local-candidate', { candidateType: 'prflx' }),
  entry('R', 'remote-candidate', { candidateType: 'host', protocol: 'udp' }),
  entry('C1', 'codec', { mimeType: 'video/VP8' }),
  entry('C2', 'codec', { mimeType: 'video/H264' }),
  entry('V0', 'inbound-rtp', { kind: 'video', framesDecoded: 3, codecId: 'C1', frameWidth: 1, frameHeight: 1 }),
  entry('V1', 'inbound-rtp', { kind: 'video', framesDecoded: 300, framesPerSecond: 29, frameWidth: 640, frameHeight: 480, codecId: 'C2' }),
  entry('A0', 'inbound-rtp', { kind: 'audio', packetsReceived: 500, audioLevel: 0, totalAudioEnergy: 0.9, totalSamplesDuration: 10 }),
  entry('A1', 'inbound-rtp', { kind: 'audio', packetsReceived: 2, audioLevel: 0.9 }),
];

describe('callStats', () => {
  it('reads the stream of which most has come', () => {
    expect(callStats(ENTRIES)).toEqual({
      frames_decoded: 300, fps: 29, width: 640, height: 480, audio_packets: 500,
      audio_level: expect.closeTo(0.3, 6), // the root mean square: silent just now
      codec: 'video/H264', srtp_cipher: 'AEAD_AES_128_GCM', rtt_ms: 12.5,
    });
  });
  it('takes the present level when it is louder', () => {
    const loud = entry('A', 'inbound-rtp', { kind: 'audio', packetsReceived: 1, audioLevel: 0.8, totalAudioEnergy: 0.01, totalSamplesDuration: 1 });
    expect(callStats([loud]).audio_level).toBe(0.8);
  });
  it('is silent when nothing was heard', () => {
    const silent = entry('A', 'inbound-rtp', { kind: 'audio', packetsReceived: 9, totalAudioEnergy: 0, totalSamplesDuration: 4 });
    expect(callStats([silent]).audio_level).toBe(0);
  });
  it('is zeros without a connection', () => {
    expect(callStats([])).toEqual({
      frames_decoded: 0, fps: 0, width: 0, height: 0, audio_packets: 0, audio_level: 0, codec: '', srtp_cipher: '', rtt_ms: 0,
    });
  });
  it('does not trust types', () => {
    const odd = entry('V', 'inbound-rtp', { kind: 'video', framesDecoded: '7', framesPerSecond: Number.NaN, codecId: 3 });
    expect(callStats([odd])).toMatchObject({ frames_decoded: 0, fps: 0, codec: '' });
  });
  it.each([
    ['Firefox', { selected: true }], ['without a transport', { nominated: true, state: 'succeeded' }],
  ])('finds the pair of media: %s', (_, more) => {
    const pair = entry('P', 'candidate-pair', { currentRoundTripTime: 0.02, ...more });
    expect(callStats([entry('X', 'candidate-pair', { currentRoundTripTime: 9 }), pair]).rtt_ms).toBeCloseTo(20);
  });
});

describe('panelStats', () => {
  const at = (timestamp: number, bytes: number, received: number, lost: number): StatsEntry[] => [
    entry('V', 'inbound-rtp', { kind: 'video', framesDecoded: 1, bytesReceived: bytes, packetsReceived: received, packetsLost: lost, jitter: 0.004 }, timestamp),
    entry('O', 'outbound-rtp', { kind: 'video', bytesSent: bytes * 2, frameWidth: 320 }, timestamp),
    entry('I', 'remote-inbound-rtp', { localId: 'O', fractionLost: 0.25, jitter: 0.002 }, timestamp),
  ];

  it('measures since the reading before', () => {
    const { received, sent } = panelStats(at(3000, 200_000, 190, 10), at(1000, 100_000, 100, 0));
    expect(received).toMatchObject({ videoKbps: 400, loss: 10, jitterMs: 4 });
    expect(sent).toMatchObject({ videoKbps: 800, loss: 25, jitterMs: 2, width: 320 });
  });
  it('has no rate at first, and none below zero after a new connection', () => {
    expect(panelStats(at(1000, 100_000, 1, 0), []).received.videoKbps).toBe(0);
    expect(panelStats(at(2000, 1_000, 1, 0), at(1000, 100_000, 9, 0)).received.videoKbps).toBe(0);
  });
  it('shows no loss when late packets lower the count', () => {
    expect(panelStats(at(2000, 1, 110, 3), at(1000, 1, 100, 5)).received.loss).toBe(0);
  });
  it('names the path', () => {
    expect(panelStats(ENTRIES, []).path).toBe('prflx ↔ host udp');
    expect(panelStats([], []).path).toBe('');
  });
});
