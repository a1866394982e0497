// duet-relay by itself: datagrams and streams through it to a server that says where they came from.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Relay } from '../lib/relay.mjs';
import { until } from '../lib/server.mjs';

describe('duet-relay', () => {
  let media, http, relay, client, answers;
  before(async () => {
    // Answers each datagram with its sender's port and its content, each stream with what it sends.
    media = createSocket('udp4', (bytes, from) => media.send(`${from.port} ${bytes}`, from.port, from.address));
    media.bind(0, '127.0.0.1');
    http = createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)).on('error', () => undefined));
    http.listen(0, '127.0.0.1');
    await Promise.all([once(media, 'listening'), once(http, 'listening')]);
    relay = await Relay.start({ media: media.address().port, http: http.address().port }, { clients: 2 });
    answers = [];
    client = createSocket('udp4', (bytes) => answers.push(String(bytes).split(' ')));
  });
  after(async () => {
    client.close();
    media.close();
    await relay.stop();
    http.close();
  });

  /** Sends these through the door of the first client and gives back what came out of the last, "end", and all before it. */
  async function through(...texts) {
    answers.length = 0;
    for (const text of [...texts, 'end']) client.send(text, relay.mediaPort(0));
    await until('the answers', () => answers.some(([, text]) => text === 'end'));
    return answers.map(([, text]) => text);
  }
  const source = async () => { await through(); return answers.at(-1)[0]; };

  test('passes everything, in order', async () => {
    assert.deepEqual(await through('a', 'b', 'c'), ['a', 'b', 'c', 'end']);
  });

  test('loses exactly the pattern, in the direction and for the client that was named', async () => {
    await relay.say('c1 up pattern 1001');
    await relay.say('c2 both cut');
    assert.deepEqual(await through('a', 'b', 'c'), ['a', 'end']);
    await relay.say('c1 both heal');
    assert.deepEqual(await through('a', 'b', 'c'), ['a', 'b', 'c', 'end']);
  });

  test('delays', async () => {
    await relay.say('both delay 40');
    const from = performance.now();
    await through();
    assert.ok(performance.now() - from >= 80);
    await relay.say('both heal');
  });

  test('gives another address', async () => {
    const former = await source();
    assert.equal(await source(), former);
    await relay.say('c1 rebind');
    assert.notEqual(await source(), former);
  });

  test('holds streams while it is cut, and lets them go on', async () => {
    const socket = connect(relay.clients[0].tcp, '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => (heard += bytes));
    socket.write('one ');
    await until('the first word', () => heard === 'one ');
    await relay.say('c1 both cut');
    socket.write('two');
    await relay.say('c1 both delay 1'); // the relay has turned round once more, and nothing came
    assert.equal(heard, 'one ');
    await relay.say('c1 both mend');
    await until('the second word', () => heard === 'one two');
    await relay.say('c1 rebind');
    socket.write(' three');
    await source(); // as above: time for it to come, had it been let through
    assert.equal(heard, 'one two');
    const closed = once(socket, 'close');
    await relay.say('c1 reset');
    await closed;
    await relay.say('both heal');
  });

  test('counts', async () => {
    await relay.say('c1 up pattern 10');
    await relay.measure();
    answers.length = 0;
    for (const text of ['a', 'b', 'c', 'd']) client.send(text, relay.mediaPort(0));
    await until('the counts', () => relay.stats.some(({ clients }) => clients[0].up.packets > 0));
    const { up, down } = relay.stats.find(({ clients }) => clients[0].up.packets > 0).clients[0];
    assert.deepEqual([up.packets, up.lost, up.bytes, down.packets, down.lost], [4, 2, 2, 2, 0]);
    await relay.say('stats off');
    await relay.say('both heal');
  });

  test('says what is wrong with a command, and goes on', async () => {
    await assert.rejects(relay.say('both colour 3'), /a link has no "colour"/);
    await assert.rejects(relay.say('run 3'), /for scripts/);
    assert.deepEqual(await through('a'), ['a', 'end']);
  });
});
