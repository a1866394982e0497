/** The server's side of the signalling, as docs/protocol.md describes it, for one client at a time. */

import { iceUfragOf } from '../../src/media/sdp.js';
import type { Socket, SocketHandlers } from '../../src/platform/platform.js';
import type {
  EnterRequest, Kind, Member, Notifications, Slot, StreamRef, WireStream,
} from '../../src/signal/messages.js';

export interface Request {
  method: string;
  params: Record<string, unknown>;
}

/** What a scripted handler says instead of a result. */
export class Refusal {
  constructor(readonly code: number, readonly name: string, readonly message = `because ${name}`) {}
}

/** A handler may also never answer. */
export const SILENCE = Symbol('silence');

type Handler = (params: never) => unknown;

export class FakeServer {
  /** Sockets can be opened. */
  up = true;
  /** Opened sockets answer. */
  answering = true;
  members: Member[] = [];
  slots: Slot[] = [];
  readonly requests: Request[] = [];
  readonly urls: string[] = [];
  #handlers = new Map<string, Handler>();
  #current: SocketHandlers | null = null;
  #free: Record<Kind, string[]> = { audio: [], video: [] };
  #recvMode = 1;
  #resumeToken: string | null = null;
  /** As many connections as it has had media of. */
  #peers = 0;
  #peerOf: string | undefined;

  on(method: string, handler: Handler): void {
    this.#handlers.set(method, handler);
  }

  back(method: string): void {
    this.#handlers.delete(method);
  }

  /** Parameters of all requests of a method, oldest first. */
  asked<T = Record<string, unknown>>(method: string): T[] {
    return this.requests.filter((r) => r.method === method).map((r) => r.params as T);
  }

  connect(url: string, handlers: SocketHandlers): Socket {
    this.urls.push(url);
    let open = false;
    queueMicrotask(() => {
      if (!this.up) {
        handlers.closed(1006);
        return;
      }
      open = true;
      this.#current = handlers;
      handlers.open();
    });
    return {
      send: (text) => {
        if (open) queueMicrotask(() => this.#received(text, handlers));
      },
      close: () => {
        open = false;
        if (this.#current === handlers) this.#current = null;
      },
    };
  }

  get connected(): boolean {
    return this.#current !== null;
  }

  notify<M extends keyof Notifications>(method: M, params: Notifications[M]): void {
    this.#current?.message(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  raw(text: string): void {
    this.#current?.message(text);
  }

  /** The socket breaks. */
  drop(code = 1006): void {
    const current = this.#current;
    this.#current = null;
    current?.closed(code);
  }

  /** A restarted server knows no session. */
  forget(): void {
    this.#resumeToken = null;
  }

  join(userId: string): void {
    this.members.push({ userId, role: 'anchor', paused: false, streams: [] });
    this.notify('memberJoined', { userId });
  }

  leave(userId: string, reason: Notifications['memberLeft']['reason'] = 'exit'): void {
    this.members = this.members.filter((m) => m.userId !== userId);
    this.#setSlots(this.slots.filter((s) => s.userId !== userId));
    this.notify('memberLeft', { userId, reason });
  }

  /** A member switches its streams; what is subscribed by itself gets a slot. */
  publishes(userId: string, stream: WireStream, on: { audio?: boolean; video?: boolean }): void {
    const member = this.members.find((m) => m.userId === userId)!;
    const before = member.streams.find((s) => s.stream === stream) ?? { stream, audio: false, video: false };
    member.streams = [...member.streams.filter((s) => s !== before), { ...before, ...on }];
    this.notify('streams', { userId, streams: member.streams });
    const slots = this.#automaticSlots();
    if (slots.length !== this.slots.length) this.#setSlots(slots, true);
  }

  #automaticSlots(): Slot[] {
    const slots = [...this.slots];
    for (const { userId, streams } of this.members) {
      for (const state of streams) {
        for (const kind of ['audio', 'video'] as const) {
          if (!state[kind] || !this.#isAutomatic(kind)) continue;
          if (slots.some((s) => s.userId === userId && s.stream === state.stream && s.kind === kind)) continue;
          const mid = this.#free[kind].find((m) => !slots.some((s) => s.mid === m));
          if (mid !== undefined) slots.push({ mid, userId, stream: state.stream, kind });
        }
      }
    }
    return slots;
  }

  #isAutomatic(kind: Kind): boolean {
    return kind === 'audio' ? this.#recvMode <= 2 : this.#recvMode === 1 || this.#recvMode === 3;
  }

  #setSlots(slots: Slot[], tell = false): void {
    this.slots = slots;
    if (tell) this.notify('slots', { slots });
  }

  #received(text: string, from: SocketHandlers): void {
    if (!this.answering) return;
    const { id, method, params } = JSON.parse(text) as Request & { id: number };
    this.requests.push({ method, params });
    const handler = this.#handlers.get(method) ?? this.#standard(method);
    const outcome = handler(params as never);
    if (outcome === SILENCE) return;
    const reply = outcome instanceof Refusal
      ? { error: { code: outcome.code, message: outcome.message, data: { name: outcome.name } } }
      : { result: outcome };
    queueMicrotask(() => from.message(JSON.stringify({ jsonrpc: '2.0', id, ...reply })));
  }

  #standard(method: string): Handler {
    const handlers: Record<string, Handler> = {
      enter: (params: EnterRequest) => this.enter(params),
      negotiate: ({ offer }: { offer: string }) => {
        this.#readOffer(offer);
        this.slots = this.#automaticSlots();
        return { answer: this.#answerTo(offer), slots: this.slots };
      },
      subscribe: (ref: StreamRef) => this.#subscribe(ref),
      unsubscribe: (ref: StreamRef) => {
        this.slots = this.slots.filter((s) => !sameStream(s, ref));
        return {};
      },
      message: () => ({ seq: 1 }),
      ping: () => ({ time: 0 }),
    };
    return handlers[method] ?? (() => ({}));
  }

  /** The standard answer to `enter`. */
  enter({ offer, recvMode, resume }: EnterRequest): object {
    this.#recvMode = recvMode;
    const resumed = resume !== null && resume === this.#resumeToken;
    if (!resumed || iceUfragOf(offer) !== this.#peerOf) this.slots = [];
    this.#readOffer(offer);
    this.slots = this.#automaticSlots();
    this.#resumeToken = `resume-${this.requests.length}`;
    const peer = iceUfragOf(offer);
    if (!resumed || peer !== this.#peerOf) this.#peers++;
    this.#peerOf = peer;
    return {
      protocol: 1, session: 's', resume: this.#resumeToken, resumed, answer: this.#answerTo(offer),
      members: this.members, slots: this.slots,
      room: { id: 1, capacity: 2, createdAt: 0 }, seatSeconds: 90, iceServers: [],
    };
  }

  #subscribe(ref: StreamRef): unknown {
    const member = this.members.find((m) => m.userId === ref.userId);
    if (!member) return new Refusal(-41005, 'member_not_found');
    const assigned = this.slots.find((s) => sameStream(s, ref));
    if (assigned) return { mid: assigned.mid };
    if (!member.streams.some((s) => s.stream === ref.stream && s[ref.kind])) return { mid: null };
    const mid = this.#free[ref.kind].find((m) => !this.slots.some((s) => s.mid === m));
    if (mid === undefined) return new Refusal(-41006, 'no_slot');
    this.slots = [...this.slots, { ...ref, mid }];
    return { mid };
  }

  #readOffer(offer: string): void {
    this.#free = { audio: [], video: [] };
    for (const section of offer.split(/(?=^m=)/m).slice(1)) {
      if (!/^a=recvonly/m.test(section)) continue;
      const kind = section.startsWith('m=audio') ? 'audio' : 'video';
      this.#free[kind].push(/^a=mid:(\S+)/m.exec(section)![1]!);
    }
  }

  #answerTo(offer: string): string {
    return offer.replace(/^a=ice-ufrag:.*/m, `a=ice-ufrag:server${this.#peers}`);
  }
}

function sameStream(a: StreamRef, b: StreamRef): boolean {
  return a.userId === b.userId && a.stream === b.stream && a.kind === b.kind;
}
