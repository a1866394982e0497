/** A signalling server that answers as docs/protocol.md says, for members without SDP; each test says what else happens. */

import type { Dial, SocketListener } from './wx.js';

export interface Request {
  method: string;
  params: Record<string, unknown>;
}

interface Connection {
  listener: SocketListener;
  open: boolean;
}

export interface Refusal {
  code: number;
  name: string;
  message: string;
}

const LATENCY_MS = 20;

interface Entry {
  userId: string;
  stream: string;
  audio: boolean;
  video: boolean;
}

export class FakeSignalServer {
  readonly requests: Request[] = [];
  /** What the sockets were opened to. */
  readonly dialled: string[] = [];
  /** Next `enter`s are refused; or not answered at all. */
  refusal: Refusal | null = null;
  mute = false;
  /** Nothing is answered any more, and the sockets stay. */
  deaf = false;
  /** Sockets are not taken: the platform's words. */
  down: string | null = null;
  /** Not even refused. */
  silent = false;
  members: Array<Record<string, unknown>> = [];
  play: Entry[] = [];
  resumes = true;
  urlSeconds = 300;
  #connections: Connection[] = [];
  #ticket = 0;
  #seats = 0;

  readonly dial: Dial = (url, listener) => {
    this.dialled.push(url);
    const connection: Connection = { listener, open: false };
    if (this.down !== null) {
      const errMsg = this.down;
      setTimeout(() => listener.error(errMsg), LATENCY_MS);
    } else if (!this.silent) {
      setTimeout(() => {
        connection.open = true;
        this.#connections.push(connection);
        listener.open();
      }, LATENCY_MS);
    }
    return {
      send: (text) => void setTimeout(() => this.#receive(connection, text), LATENCY_MS),
      close: () => { this.#connections = this.#connections.filter((other) => other !== connection); },
    };
  };

  /** Params of all requests of a method, oldest first. */
  asked(method: string): Array<Record<string, unknown>> {
    return this.requests.filter((request) => request.method === method).map(({ params }) => params);
  }

  get connections(): number {
    return this.#connections.length;
  }

  notify(method: string, params: unknown): void {
    for (const { listener } of this.#connections) listener.message(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Somebody with sound and picture comes in; what this member gets follows. */
  joins(userId: string, { audio = true, video = true } = {}): void {
    this.members.push({ userId, role: 'anchor', paused: false, streams: [{ stream: 'main', audio, video }] });
    this.notify('memberJoined', { userId, role: 'anchor' });
    this.notify('streams', { userId, streams: [{ stream: 'main', audio, video }] });
    this.play.push({ userId, stream: 'main', audio, video });
    this.tellPlay();
  }

  leaves(userId: string): void {
    this.members = this.members.filter((member) => member['userId'] !== userId);
    this.play = this.play.filter((entry) => entry.userId !== userId);
    this.tellPlay();
    this.notify('memberLeft', { userId, reason: 'exit' });
  }

  /** The table, with tickets that are new each time. */
  tellPlay(): void {
    this.notify('play', { play: this.#urls().play });
  }

  /** Ends all sockets. */
  drop(code = 1006): void {
    for (const { listener } of this.#connections.splice(0)) listener.close(code);
  }

  #urls() {
    const ticket = ++this.#ticket;
    return {
      push: { rtmp: `rtmp://call.test:1935/push/1234?userid=alice&ticket=${ticket}` },
      play: this.play.map((entry) => ({
        ...entry,
        flv: `https://call.test:8443/live/1_1234_${entry.userId}_${entry.stream}.flv?ticket=${ticket}`,
        rtmp: `rtmp://call.test:1935/live/1_1234_${entry.userId}_${entry.stream}?ticket=${ticket}`,
      })),
      urlSeconds: this.urlSeconds,
    };
  }

  #receive(connection: Connection, text: string): void {
    const { id, method, params } = JSON.parse(text) as { id: number } & Request;
    this.requests.push({ method, params });
    const answer = (body: object): void => void setTimeout(() => {
      if (connection.open) connection.listener.message(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
    }, LATENCY_MS);
    if (this.deaf || (method === 'enter' && this.mute)) return;
    if (method === 'enter' && this.refusal) {
      const { code, name, message } = this.refusal;
      answer({ error: { code, message, data: { name } } });
    } else if (method === 'enter') {
      answer({ result: {
        protocol: 1, session: 's', resume: `seat-${++this.#seats}`, resumed: params['resume'] !== null && this.resumes, members: this.members,
        room: { id: 1234, capacity: 2, createdAt: 0 }, seatSeconds: 90, iceServers: [], ...this.#urls(),
      } });
    } else if (method === 'urls') answer({ result: this.#urls() });
    else if (method === 'subscribe') answer({ result: { mid: null } });
    else if (method === 'message') answer({ result: { seq: 1 } });
    else answer({ result: method === 'ping' ? { time: 0 } : {} });
  }
}
