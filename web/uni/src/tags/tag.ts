/** Both tags without a framework: an engine, its elements, and events in the shape of the platform's. */

import { dataset } from '../core/attributes.js';
import type { PlayerEvents } from '../core/player-engine.js';
import { PlayerEngine } from '../core/player-engine.js';
import type { PusherEvents } from '../core/pusher-engine.js';
import { PusherEngine } from '../core/pusher-engine.js';
import { listenForPinch } from './pinch-events.js';
import { runtime } from './runtime.js';
import { TagBody } from './tag-body.js';

type Raw = Readonly<Record<string, unknown>>;

export interface TagEvent {
  type: string;
  timeStamp: number;
  detail: unknown;
  target: { id: string; dataset: Record<string, unknown> };
  currentTarget: { id: string; dataset: Record<string, unknown> };
}

/** What the framework's component does with its tag. */
export interface Tag {
  update(raw: Raw): void;
  wantVolume(on: boolean): void;
  /** Another page of the app lies over the tag's, or does no more. */
  setAway(away: boolean): void;
  destroy(): void;
}

export type TagSink = (type: string, event: TagEvent) => void;

export const PUSHER_EVENTS: ReadonlyArray<keyof PusherEvents> = [
  'statechange', 'netstatus', 'error', 'bgmstart', 'bgmprogress', 'bgmcomplete', 'audiovolumenotify', 'roommessage', 'memberstate',
];
export const PLAYER_EVENTS: ReadonlyArray<keyof PlayerEvents> = [
  'statechange', 'netstatus', 'audiovolumenotify', 'error', 'recvmessage', 'fullscreenchange',
];

function eventOf(type: string, detail: unknown, raw: Raw): TagEvent {
  const id = typeof raw['id'] === 'string' ? raw['id'] : '';
  const target = { id, dataset: dataset(raw) };
  return { type, timeStamp: Math.round(performance.now()), detail, target, currentTarget: target };
}

export function mountPusher(root: HTMLElement, stage: HTMLElement, raw: Raw, sink: TagSink): Tag {
  let current = raw;
  const body = new TagBody(root, stage, () => {});
  const engine = new PusherEngine(runtime.host, runtime.stage, runtime.config, (type, detail) => {
    if (type === 'netstatus') body.figures((detail as PusherEvents['netstatus']).info);
    sink(type, eventOf(type, detail, current));
  });
  runtime.registry.addPusher(engine);
  engine.setView(body.view);
  const cancelPinch = listenForPinch(root, engine);
  const update = (next: Raw): void => {
    current = next;
    engine.setAttributes(next);
    body.setDebug(engine.attributes.debug);
  };
  update(raw);
  return {
    update,
    wantVolume: (on) => engine.wantVolume(on),
    setAway: (away) => {
      if (!away) body.play();
    },
    destroy: () => {
      cancelPinch();
      runtime.registry.removePusher(engine);
      engine.destroy();
      body.dispose();
    },
  };
}

export function mountPlayer(root: HTMLElement, stage: HTMLElement, raw: Raw, sink: TagSink): Tag {
  let current = raw;
  let id = '';
  const send = (type: keyof PlayerEvents, detail: unknown): void => sink(type, eventOf(type, detail, current));
  const engine: PlayerEngine = new PlayerEngine(runtime.host, runtime.stage, (type, detail) => {
    if (type === 'netstatus') body.figures((detail as PlayerEvents['netstatus']).info);
    send(type, detail);
  });
  const body = new TagBody(root, stage, (fullScreen, direction) => {
    if (!fullScreen) runtime.fullScreen.left(engine);
    send('fullscreenchange', { fullScreen, direction });
  });
  runtime.fullScreen.register(engine, {
    enter: (direction) => body.enterFullScreen(direction),
    leave: () => body.leaveFullScreen(),
  });
  engine.setView(body.view);
  const update = (next: Raw): void => {
    current = next;
    const nextId = typeof next['id'] === 'string' ? next['id'] : '';
    if (nextId !== id) {
      if (id !== '') runtime.registry.removePlayer(id, engine);
      if (nextId !== '') runtime.registry.addPlayer(nextId, engine);
      id = nextId;
    }
    engine.setAttributes(next);
    body.setTurn(engine.attributes.orientation === 'horizontal' ? 90 : 0);
    body.setDebug(engine.attributes.debug);
  };
  update(raw);
  return {
    update,
    wantVolume: (on) => engine.wantVolume(on),
    setAway: (away) => {
      engine.setAway(away);
      if (!away) body.play();
    },
    destroy: () => {
      if (id !== '') runtime.registry.removePlayer(id, engine);
      runtime.fullScreen.unregister(engine);
      engine.destroy();
      body.dispose();
    },
  };
}
