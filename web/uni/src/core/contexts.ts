/**
 * What uni.createLivePusherContext and uni.createLivePlayerContext give: methods with callbacks.
 *
 * A context may be made before its tag is in the page and used after the tag is gone. What ends
 * something then succeeds, for it has ended; everything else fails in words.
 */

import type { FullScreen } from './full-screen.js';
import type { Picture, PlayerEngine } from './player-engine.js';
import type { PusherEngine, RoomMessage } from './pusher-engine.js';
import type { Registry } from './registry.js';

export interface Callbacks<T = unknown> {
  success?: (result: T & { errMsg: string }) => void;
  fail?: (error: { errMsg: string; errCode: number }) => void;
  complete?: (result: { errMsg: string }) => void;
}

type Options = Callbacks & Record<string, unknown>;

/** Calls back in another turn, as the platform does. */
function answer(name: string, options: Options | undefined, run: () => object | void): void {
  let result: object | void;
  let failure: string | null = null;
  try {
    result = run();
  } catch (error) {
    failure = `${name}:fail ${error instanceof Error ? error.message : String(error)}`;
  }
  void Promise.resolve().then(() => {
    const message = failure ?? `${name}:ok`;
    if (failure !== null) options?.fail?.({ errMsg: failure, errCode: -1 });
    else options?.success?.({ ...result, errMsg: message });
    options?.complete?.({ errMsg: message });
  });
}

export class LivePusherContext {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  start(options?: Options): void {
    this.#do('start', options, (pusher) => pusher.start());
  }

  stop(options?: Options): void {
    answer('stop', options, () => this.#registry.pusher()?.stop());
  }

  pause(options?: Options): void {
    this.#do('pause', options, (pusher) => pusher.pause());
  }

  resume(options?: Options): void {
    this.#do('resume', options, (pusher) => pusher.resume());
  }

  startPreview(options?: Options): void {
    this.#do('startPreview', options, (pusher) => pusher.startPreview());
  }

  stopPreview(options?: Options): void {
    answer('stopPreview', options, () => this.#registry.pusher()?.stopPreview());
  }

  switchCamera(options?: Options): void {
    this.#do('switchCamera', options, (pusher) => pusher.switchCamera());
  }

  snapshot(options?: Options & Callbacks<Picture>): void {
    this.#do('snapshot', options, (pusher) => pusher.snapshot());
  }

  playBGM(options?: Options): void {
    this.#do('playBGM', options, (pusher) => pusher.playBGM(String(options?.['url'] ?? '')));
  }

  stopBGM(options?: Options): void {
    answer('stopBGM', options, () => this.#registry.pusher()?.stopBGM());
  }

  pauseBGM(options?: Options): void {
    this.#do('pauseBGM', options, (pusher) => pusher.pauseBGM());
  }

  resumeBGM(options?: Options): void {
    this.#do('resumeBGM', options, (pusher) => pusher.resumeBGM());
  }

  setBGMVolume(options?: Options): void {
    this.#do('setBGMVolume', options, (pusher) => pusher.setBGMVolume(Number(options?.['volume'])));
  }

  setMICVolume(options?: Options): void {
    this.#do('setMICVolume', options, (pusher) => pusher.setMICVolume(Number(options?.['volume'])));
  }

  sendMessage(options?: Options): void {
    this.#do('sendMessage', options, (pusher) => pusher.sendMessage(String(options?.['msg'] ?? '')));
  }

  /** Duet's own: to, cmdID, data. */
  sendRoomMessage(options?: Callbacks & RoomMessage): void {
    this.#do('sendRoomMessage', options as Options | undefined, (pusher) => {
      if (!options) throw new Error('cmdID and data are needed');
      pusher.sendRoomMessage(options);
    });
  }

  #do(name: string, options: Options | undefined, run: (pusher: PusherEngine) => object | void): void {
    answer(name, options, () => {
      const pusher = this.#registry.pusher();
      if (!pusher) throw new Error('there is no live-pusher in the page');
      return run(pusher);
    });
  }
}

export class LivePlayerContext {
  readonly #registry: Registry;
  readonly #fullScreen: FullScreen;
  readonly #id: string;

  constructor(registry: Registry, fullScreen: FullScreen, id: string) {
    this.#registry = registry;
    this.#fullScreen = fullScreen;
    this.#id = id;
  }

  play(options?: Options): void {
    this.#do('play', options, (player) => player.play());
  }

  stop(options?: Options): void {
    answer('stop', options, () => this.#registry.player(this.#id)?.stop());
  }

  pause(options?: Options): void {
    this.#do('pause', options, (player) => player.pause());
  }

  resume(options?: Options): void {
    this.#do('resume', options, (player) => player.resume());
  }

  mute(options?: Options): void {
    this.#do('mute', options, (player) => player.mute());
  }

  snapshot(options?: Options & Callbacks<Picture>): void {
    this.#do('snapshot', options, (player) => player.snapshot());
  }

  /** `direction`: 0 as it is, 90 and -90 turned. */
  requestFullScreen(options?: Options): void {
    this.#do('requestFullScreen', options, (player) => this.#fullScreen.enter(player, Number(options?.['direction'] ?? 0) || 0));
  }

  exitFullScreen(options?: Options): void {
    answer('exitFullScreen', options, () => this.#fullScreen.leave());
  }

  #do(name: string, options: Options | undefined, run: (player: PlayerEngine) => object | void): void {
    answer(name, options, () => {
      const player = this.#registry.player(this.#id);
      if (!player) throw new Error(`there is no live-player with the id '${this.#id}' in the page`);
      return run(player);
    });
  }
}
