import { describe, expect, it } from 'vitest';
import { allowUplink } from '../src/media/sdp.js';
import { UplinkProbe } from '../src/media/uplink-probe.js';
import { Call } from './fakes/call.js';
import { settle } from './fakes/time.js';

const limited = { rtt: 40, loss: 0, available: 100, limited: true };

/** At which of the reports a browser is told to try. */
function trials(samples: object[]): number[] {
  const probe = new UplinkProbe();
  return samples.flatMap((sample, i) => (probe.next({ ...limited, ...sample }) ? [i] : []));
}
const times = (count: number, sample: object = {}): object[] => Array<object>(count).fill(sample);

describe('trying whether the uplink carries more', () => {
  it.each<[string, object]>([
    ['a picture that lacks nothing', { limited: false }], ['a queue', { rtt: 140 }], ['losses', { loss: 5 }], ['no estimate', { available: null }],
    ['too little sent to tell', { loss: null }], ['no round trip known', { rtt: 0 }],
  ])('is left alone with %s', (_name, but) => {
    expect(trials([{}, ...times(20, but)])).toEqual([]);
  });

  it('comes after some seconds in which nothing waited, and less often while nothing comes of it', () => {
    expect(trials(times(30))).toEqual([2, 5, 9, 14, 20, 26]);
  });

  it('comes soon again where it brought something', () => {
    expect(trials([...times(3), ...times(3, { available: 200 }), ...times(3, { available: 400 })])).toEqual([2, 5, 8]);
  });

  it('waits anew after a queue', () => {
    expect(trials([...times(2), { rtt: 200 }, ...times(3)])).toEqual([5]);
  });
});

describe('in an answer', () => {
  it('the pictures that are sent get it, and nothing else', () => {
    const section = (kind: string, direction: string): string => `m=${kind} 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=${direction}\r\n`;
    const answer = `v=0\r\nc=IN IP4 1.2.3.4\r\n${section('audio', 'recvonly')}${section('video', 'recvonly')}${section('video', 'sendonly')}`;
    expect(allowUplink(answer, 5001)).toBe(answer.replace('m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n', '$&b=AS:5001\r\n'));
  });
});

describe('in a call', () => {
  it('the browser is allowed more each time, of which the server hears nothing', async () => {
    const call = new Call();
    await call.enter();
    await call.duet.startLocalVideo();
    await settle();
    const [pc] = call.platform.connections;
    const before = pc!.answers.length;
    call.forget();
    for (let i = 1; i <= 8; i++) {
      pc!.stats = [
        { id: 'S', type: 'outbound-rtp', kind: 'video', timestamp: i, packetsSent: i * 50, qualityLimitationReason: 'bandwidth' },
        { id: 'T', type: 'transport', timestamp: i, selectedCandidatePairId: 'P' },
        { id: 'P', type: 'candidate-pair', timestamp: i, currentRoundTripTime: 0.04, availableOutgoingBitrate: 100_000 },
        { id: 'R', type: 'remote-inbound-rtp', kind: 'video', timestamp: i, packetsLost: 0 },
      ];
      await call.advance(2_000);
    }
    expect(pc!.answers.slice(before).map((sdp) => /b=AS:(\d+)/.exec(sdp)?.[1])).toEqual(['5001', '5002']);
    expect(call.server.requests.filter(({ method }) => method !== 'ping')).toEqual([]);
  });
});
