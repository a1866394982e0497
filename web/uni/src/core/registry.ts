/** Finds the engines that contexts talk to: one pusher per page, players by their id. */

import type { PlayerEngine } from './player-engine.js';
import type { PusherEngine } from './pusher-engine.js';

export class Registry {
  readonly #pushers: PusherEngine[] = [];
  readonly #players = new Map<string, PlayerEngine[]>();

  addPusher(pusher: PusherEngine): void {
    this.#pushers.push(pusher);
  }

  removePusher(pusher: PusherEngine): void {
    const at = this.#pushers.indexOf(pusher);
    if (at >= 0) this.#pushers.splice(at, 1);
  }

  /** The newest. */
  pusher(): PusherEngine | null {
    return this.#pushers[this.#pushers.length - 1] ?? null;
  }

  addPlayer(id: string, player: PlayerEngine): void {
    this.#players.set(id, [...(this.#players.get(id) ?? []), player]);
  }

  removePlayer(id: string, player: PlayerEngine): void {
    const rest = (this.#players.get(id) ?? []).filter((other) => other !== player);
    if (rest.length > 0) this.#players.set(id, rest);
    else this.#players.delete(id);
  }

  player(id: string): PlayerEngine | null {
    const players = this.#players.get(id);
    return players?.[players.length - 1] ?? null;
  }
}
