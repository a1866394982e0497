import { describe, expect, it } from 'vitest';
import { holdUplink } from '../src/media/sdp.js';
import { uplinkOf } from '../src/media/stats.js';
import { FLOOR_KBPS, UplinkFloor } from '../src/media/uplink-floor.js';
import type { StatsEntry } from '../src/types.js';
import { Call } from './fakes/call.js';
import { settle } from './fakes/time.js';

const well = { rtt: 40, loss: 0, available: 2000 };
const lossy = { rtt: 50, loss: 28, available: 90 };
const queued = { rtt: 700, loss: 28, available: FLOOR_KBPS };

function floors(samples: object[]): number[] {
  const floor = new UplinkFloor();
  return samples.map((sample) => floor.next({ ...well, ...sample }));
}

describe('the floor of the uplink', () => {
  it('is there when losses that no queue explains have pulled the estimate down', () => {
    expect(floors([well, lossy, lossy, lossy])).toEqual([0, 0, FLOOR_KBPS, FLOOR_KBPS]);
  });

  it.each<[string, object]>([
    ['few losses', { loss: 6 }], ['a queue', { rtt: 400 }], ['enough left', { available: 600 }], ['no estimate', { available: null }],
  ])('is not with %s', (_name, but) => {
    expect(floors([well, ...Array<object>(6).fill({ ...lossy, ...but })])).toEqual(Array(7).fill(0));
  });

  it('goes at once when a queue grows, and waits with the next trial', () => {
    const now = floors([well, lossy, lossy, queued, ...Array<object>(20).fill(lossy)]);
    expect(now.slice(2, 4)).toEqual([FLOOR_KBPS, 0]);
    expect(now.slice(4).indexOf(FLOOR_KBPS)).toBe(14);
  });

  it('goes when more is lost since more is sent', () => {
    const policed = { ...lossy, loss: 50 };
    expect(floors([well, lossy, lossy, policed, lossy, policed, policed, lossy, lossy]).slice(2)).toEqual([...Array(4).fill(FLOOR_KBPS), 0, 0, 0]);
  });

  it('comes back soon where as much is lost without it', () => {
    const [begun, later] = [{ ...lossy, loss: 14 }, { ...lossy, loss: 32 }];
    expect(floors([well, begun, begun, later, later, later, later, later, later, later]).slice(2)).toEqual([
      FLOOR_KBPS, FLOOR_KBPS, 0, 0, 0, FLOOR_KBPS, FLOOR_KBPS, FLOOR_KBPS]);
  });

  it('goes when the losses have been over for 10 s', () => {
    expect(floors([well, lossy, lossy, ...Array<object>(6).fill({ loss: 0 })]).slice(2)).toEqual([...Array(5).fill(FLOOR_KBPS), 0, 0]);
  });

  it('stays as it is while too little is sent to tell', () => {
    const silent = { ...lossy, loss: null };
    expect(floors([well, lossy, silent, silent, lossy, silent, silent])).toEqual([0, 0, 0, 0, FLOOR_KBPS, FLOOR_KBPS, FLOOR_KBPS]);
  });

  it('is not misled by a round trip that is not known', () => {
    expect(floors([{ ...lossy, rtt: 0 }, { ...lossy, rtt: 0 }, { ...lossy, rtt: 0 }])).toEqual([0, FLOOR_KBPS, FLOOR_KBPS]);
  });
});

describe('in an answer', () => {
  const answer = ['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 108', 'a=mid:1', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96',
    'a=rtpmap:108 H264/90000', 'a=fmtp:108 packetization-mode=1', ''].join('\r\n');

  it('each codec of each picture gets it, and nothing else', () => {
    expect(holdUplink(answer, 300)).toBe(answer
      .replace('a=rtpmap:96 VP8/90000', 'a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-min-bitrate=300')
      .replace('packetization-mode=1', 'packetization-mode=1;x-google-min-bitrate=300'));
  });
});

describe('in a call', () => {
  let [sent, lost, at] = [0, 0, 0];
  /** A hundred packets more, of which `loss` were lost. */
  const stats = (loss: number, available: number): object[] => [
    { id: 'S', type: 'outbound-rtp', kind: 'video', timestamp: 1, packetsSent: (sent += 100) + 30, retransmittedPacketsSent: 30 },
    { id: 'T', type: 'transport', timestamp: 1, selectedCandidatePairId: 'P' },
    { id: 'P', type: 'candidate-pair', timestamp: 1, currentRoundTripTime: 0.04, availableOutgoingBitrate: available * 1000 },
    { id: 'R', type: 'remote-inbound-rtp', kind: 'video', timestamp: ++at, packetsLost: (lost += loss) },
  ];

  it('it comes and goes by a negotiation of which the server hears nothing', async () => {
    const call = new Call();
    await call.enter();
    await call.duet.startLocalVideo();
    await settle();
    const [pc] = call.platform.connections;
    const pass = async (loss: number, available: number, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        pc!.stats = stats(loss, available);
        await call.advance(2_000);
      }
    };
    await pass(0, 2000, 1);
    const before = pc!.answers.length;
    call.forget();

    await pass(30, 90, 3);
    expect(pc!.answers.slice(before).map((sdp) => sdp.includes(`x-google-min-bitrate=${FLOOR_KBPS}`))).toEqual([true]);
    expect(call.server.requests).toEqual([]);

    await pass(0, 2000, 7);
    expect(pc!.answers.slice(before).map((sdp) => sdp.includes('x-google-min-bitrate'))).toEqual([true, false]);
  });
});

describe('losses of what is sent', () => {
  const entries = (sent: number, lost: number, reportAt: number): StatsEntry[] => [
    { id: 'S', type: 'outbound-rtp', kind: 'video', timestamp: 1, packetsSent: sent },
    { id: 'R', type: 'remote-inbound-rtp', kind: 'video', timestamp: reportAt, packetsLost: lost },
  ] as unknown as StatsEntry[];

  it('are not known while no new report has come, and then those of the whole time', () => {
    const first = entries(100, 0, 1);
    expect(uplinkOf(first, entries(200, 0, 1)).loss).toBeNull();
    expect(uplinkOf(first, entries(300, 60, 5)).loss).toBe(30);
  });
});
