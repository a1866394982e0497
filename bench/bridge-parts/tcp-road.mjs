// A TCP connection that can be held up on its way.
import { connect, createServer } from 'node:net';

/** A way round to a TCP port that can be stopped: neither side reads the other's any more, so that the buffers fill. */
export class TcpRoad {
  static async to(port) {
    const road = new TcpRoad();
    road.sockets = new Set();
    road.stopped = false;
    road.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [socket, other] of [[near, far], [far, near]]) {
        road.sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('data', (bytes) => { if (!other.write(bytes)) { socket.pause(); other.once('drain', () => { if (!road.stopped) socket.resume(); }); } });
        socket.on('close', () => { road.sockets.delete(socket); other.destroy(); });
        socket.on('error', () => undefined);
        if (road.stopped) socket.pause();
      }
    });
    await new Promise((resolve) => road.server.listen(0, '127.0.0.1', resolve));
    road.port = road.server.address().port;
    return road;
  }
  stop() {
    this.stopped = true;
    for (const socket of this.sockets) socket.pause();
  }
  go() {
    this.stopped = false;
    for (const socket of this.sockets) socket.resume();
  }
  close() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
