import { describe, expect, it } from 'vitest';
import { RpcClient, RpcError } from '../src/signal/rpc.js';
import { FakeTime } from './fakes/time.js';

function client(): { rpc: RpcClient; sent: Array<Record<string, unknown>>; notified: unknown[]; time: FakeTime } {
  const sent: Array<Record<string, unknown>> = [];
  const notified: unknown[] = [];
  const time = new FakeTime();
  const rpc = new RpcClient({
    send: (text) => sent.push(JSON.parse(text)),
    setTimer: (delay_ms, fire) => time.setTimer(delay_ms, fire),
    notify: (notification) => notified.push(notification),
  });
  return { rpc, sent, notified, time };
}

describe('JSON-RPC', () => {
  it('matches answers to requests in any order', async () => {
    const { rpc, sent, time } = client();
    const first = rpc.request('ping', {}, 1000);
    const second = rpc.request('subscribe', { userId: 'b', stream: 'main', kind: 'video' }, 1000);
    expect(sent).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'ping', params: {} },
      { jsonrpc: '2.0', id: 2, method: 'subscribe', params: { userId: 'b', stream: 'main', kind: 'video' } },
    ]);
    expect(rpc.receive('{"jsonrpc":"2.0","id":2,"result":{"mid":"4"}}')).toBe(true);
    expect(rpc.receive('{"jsonrpc":"2.0","id":1,"result":{"time":5}}')).toBe(true);
    expect(await first).toEqual({ time: 5 });
    expect(await second).toEqual({ mid: '4' });
    expect(time.timerCount).toBe(0);
  });

  it.each([
    ['{"id":1,"error":{"code":-3301,"message":"full","data":{"name":"room_full","detail":7}}}', -3301, 'full', 'room_full'],
    ['{"id":1,"error":{"code":-3301}}', -3301, 'the server refused without saying why', undefined],
    ['{"id":1,"error":{"message":"odd","data":"text"}}', -32603, 'odd', undefined],
  ])('%s rejects', async (text, code, message, name) => {
    const { rpc } = client();
    const request = rpc.request('ping', {}, 1000);
    rpc.receive(text);
    const error: unknown = await request.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code, message });
    expect((error as RpcError).data?.name).toBe(name);
  });

  it.each([
    '', 'x', '[]', '1', 'null', '{}', '{"id":2,"result":{}}', '{"id":"1","result":{}}', '{"id":1,"method":"ask"}',
  ])('%j is no message, and the request waits on', async (text) => {
    const { rpc, notified } = client();
    const request = rpc.request('ping', {}, 1000);
    expect(rpc.receive(text)).toBe(false);
    expect(notified).toEqual([]);
    expect(rpc.receive('{"id":1,"result":{"time":1}}')).toBe(true);
    expect(await request).toEqual({ time: 1 });
  });

  it('passes notifications on, with empty parameters where there are none', () => {
    const { rpc, notified } = client();
    rpc.receive('{"jsonrpc":"2.0","method":"memberJoined","params":{"userId":"b"}}');
    rpc.receive('{"jsonrpc":"2.0","method":"dismissed"}');
    expect(notified).toEqual([
      { method: 'memberJoined', params: { userId: 'b' } }, { method: 'dismissed', params: {} }]);
  });

  it('gives up at the deadline; the late answer is nothing', async () => {
    const { rpc, time } = client();
    const outcome = rpc.request('ping', {}, 1000).catch((e: unknown) => e);
    await time.advance(999);
    expect(time.timerCount).toBe(1);
    await time.advance(1);
    expect(await outcome).toMatchObject({ name: 'LinkError', reason: 'timeout' });
    expect(rpc.receive('{"id":1,"result":{}}')).toBe(false);
  });

  it('fails all that is pending, and all that comes after', async () => {
    const { rpc, sent, time } = client();
    const pending = rpc.request('ping', {}, 1000).catch((e: unknown) => e);
    const gone = new Error('gone');
    rpc.fail(gone);
    rpc.fail(new Error('again'));
    expect(await pending).toBe(gone);
    await expect(rpc.request('ping', {}, 1000)).rejects.toBe(gone);
    expect(sent).toHaveLength(1);
    expect(time.timerCount).toBe(0);
  });
});
