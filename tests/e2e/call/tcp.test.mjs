// Calls from networks without UDP: the pages see the server's TCP candidates only.
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { Caller, launchBrowser } from '../lib/browser.mjs';
import { DuetServer, until } from '../lib/server.mjs';

const ROOM = { roomID: '1234', template: '1v1' };

/** In the page: of each answer, the TCP candidates only, with `port` in the place of the server's where that is given. */
function onlyTcp({ port }) {
  window.connections = [];
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    if (!window.connections.includes(this)) window.connections.push(this);
    const keep = (line) => {
      if (!line.startsWith('a=candidate:')) return line;
      if (!/ tcp /i.test(line)) return undefined;
      return port ? line.replace(/ \d+ typ host/, ` ${port} typ host`) : line;
    };
    const sdp = description.sdp.split('\r\n').map(keep).filter((line) => line !== undefined).join('\r\n');
    return original.call(this, { type: description.type, sdp });
  };
}

/** In the page: what carries the media. */
async function path() {
  for (const connection of window.connections.filter((c) => c.connectionState === 'connected')) {
    const rows = [...(await connection.getStats()).values()];
    const transport = rows.find((row) => row.type === 'transport');
    const pair = rows.find((row) => row.id === transport?.selectedCandidatePairId);
    const [local, remote] = [pair?.localCandidateId, pair?.remoteCandidateId].map((id) => rows.find((row) => row.id === id));
    if (remote) return { local: local.protocol, remote: remote.protocol, port: remote.port, type: remote.tcpType, bytes: pair.bytesReceived };
  }
  return undefined;
}

/** The network of one person: TCP only, and it can be cut. */
class Wire {
  static async open(mediaPort) {
    const wire = new Wire();
    wire.sockets = new Set();
    wire.mended = true;
    wire.connections = 0;
    wire.server = createServer((client) => {
      if (!wire.mended) return client.destroy();
      wire.connections++;
      const server = connect(mediaPort, '127.0.0.1');
      for (const [from, to] of [[client, server], [server, client]]) {
        wire.sockets.add(from);
        from.on('error', () => undefined);
        from.on('close', () => { wire.sockets.delete(from); to.destroy(); });
        from.setNoDelay(true);
        from.pipe(to);
      }
    });
    await new Promise((resolve) => wire.server.listen(0, '0.0.0.0', resolve));
    wire.port = wire.server.address().port;
    return wire;
  }
  /** Ends every connection, and refuses new ones until mend(). */
  cut() {
    this.mended = false;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
  mend() { this.mended = true; }
  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

describe('a call without UDP', () => {
  let server, browser, callers = [], wires = [];
  before(async () => {
    server = await DuetServer.start();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(await server?.stop(), { code: 0, signal: null });
  });
  afterEach(async () => {
    await Promise.all(callers.map((caller) => caller.close()));
    await Promise.all(wires.map((wire) => wire.close()));
    callers = [];
    wires = [];
  });

  async function person(name, init = []) {
    const caller = new Caller(browser, name);
    callers.push(caller);
    return caller.open(server, ROOM, { init });
  }
  async function overWire(name) {
    const wire = await Wire.open(server.ports.media);
    wires.push(wire);
    const caller = await person(name, [[onlyTcp, { port: wire.port }]]);
    return [caller, wire];
  }
  async function meet(...people) {
    for (const caller of people) await caller.join();
    await Promise.all(people.map((caller) => caller.waitMedia(20_000)));
  }
  /** The picture and the sound that `caller` gets go on from here. */
  async function goesOn(caller, ms = 20_000) {
    const before = await caller.stats();
    await until(`${caller.name}'s picture and sound to go on`, async () => {
      const now = await caller.stats();
      // After a reconnection the counts start again.
      const fresh = now.frames_decoded < before.frames_decoded;
      return (fresh ? now.frames_decoded > 10 : now.frames_decoded > before.frames_decoded + 10) && now.audio_level > 0;
    }, ms);
  }

  test('picture and sound flow over TCP, and nothing is left behind', async () => {
    const [alice, bob] = [await person('alice', [[onlyTcp, {}]]), await person('bob', [[onlyTcp, {}]])];
    await meet(alice, bob);
    for (const caller of [alice, bob]) {
      const { bytes, ...carried } = await caller.page.evaluate(path);
      assert.deepEqual(carried, { local: 'tcp', remote: 'tcp', port: server.ports.media, type: 'passive' });
      assert.ok(bytes > 10_000, `${bytes} bytes`);
      await until('sound', async () => (await caller.stats()).audio_level > 0.001);
    }
    assert.ok((await server.counts()).tcpConnections >= 2);
    await Promise.all(callers.map((caller) => caller.close()));
    await until('the connections to end', async () => { const c = await server.counts(); return c.tcpConnections === 0 && c.addresses === 0; }, 30_000);
  });

  test('one over UDP, the other over TCP', async () => {
    const [alice, bob] = [await person('alice'), await person('bob', [[onlyTcp, {}]])];
    await meet(alice, bob);
    assert.equal((await bob.page.evaluate(path)).remote, 'tcp');
  });

  test('a connection that breaks is made again without leaving the room', async () => {
    const [[alice, wire], bob] = [await overWire('alice'), await person('bob', [[onlyTcp, {}]])];
    await meet(alice, bob);
    const before = wire.connections;
    wire.cut();
    wire.mend();
    await until('another connection', () => wire.connections > before, 15_000);
    await Promise.all([goesOn(alice), goesOn(bob)]);
    assert.equal(await alice.state(), 'in-call');
    assert.equal((await alice.page.evaluate(path)).port, wire.port);
  });

  test('a network that is gone for 12 s: the page reconnects', async () => {
    const [[alice, wire], bob] = [await overWire('alice'), await person('bob', [[onlyTcp, {}]])];
    await meet(alice, bob);
    wire.cut();
    await alice.waitState('reconnecting');
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    wire.mend();
    await alice.waitState('in-call', 30_000);
    await Promise.all([goesOn(alice, 40_000), goesOn(bob, 40_000)]);
  });
});
