/** trtc-room in a mini program, without its template: the component's parts between a page, which is the test, and the stand-in for the platform. */

import { MiniTransport } from '../../src/mp/transport.js';
import type { RoomSetup } from '../../src/room/config.js';
import { RoomController } from '../../src/room/controller.js';
import type { EventArgument } from '../../src/room/events.js';
import { EVENT } from '../../src/room/events.js';
import { roomMethods } from '../../src/room/methods.js';
import type { RoomState, StreamState } from '../../src/room/state.js';
import type { Language } from '../../src/room/words.js';
import type { Dial, MediaEngine } from './wx.js';
import { FakeWx } from './wx.js';

export class Phone {
  readonly wx: FakeWx;
  readonly transport: MiniTransport;
  readonly room: RoomController;
  readonly methods: ReturnType<typeof roomMethods>;
  readonly heard: EventArgument[] = [];
  setup: RoomSetup = {};
  state!: RoomState;

  constructor(dial: Dial, { engine, language = 'en' }: { engine?: MediaEngine; language?: Language } = {}) {
    this.wx = new FakeWx(dial, engine);
    this.transport = new MiniTransport(this.wx.platform, { scope: () => this, rendered: (run) => this.wx.rendered(run) }, language);
    this.room = new RoomController(this.transport, () => this.setup, (state) => {
      this.state = state;
      this.wx.showState(state);
    });
    this.methods = roomMethods(this.room);
    this.wx.listener = {
      pusher: (type, detail) => this.room.onPusherEvent(type, detail),
      player: ({ userID, streamType }, type, detail) => this.room.onPlayerEvent(userID, streamType, type, detail),
    };
    for (const event of Object.values(EVENT)) this.room.on(event, (argument) => this.heard.push(argument));
  }

  names(): string[] {
    return this.heard.map(({ eventCode }) => eventCode);
  }

  errors(): Array<{ code: number; message: string }> {
    return this.heard.filter(({ eventCode }) => eventCode === 'ERROR').map(({ data }) => data as { code: number; message: string });
  }

  stream(userID: string, streamType = 'main'): StreamState {
    const found = this.state.streams.find((stream) => stream.userID === userID && stream.streamType === streamType);
    if (!found) throw new Error(`no ${streamType} of ${userID}`);
    return found;
  }

  dispose(): void {
    this.room.dispose();
    this.wx.dispose();
  }
}
