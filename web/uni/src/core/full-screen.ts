/** Which player fills the screen; the tags do it to their elements. */

import type { PlayerEngine } from './player-engine.js';

export interface FullScreenSurface {
  /** `direction` in degrees. */
  enter(direction: number): void;
  leave(): void;
}

export class FullScreen {
  readonly #surfaces = new Map<PlayerEngine, FullScreenSurface>();
  #current: PlayerEngine | null = null;

  register(player: PlayerEngine, surface: FullScreenSurface): void {
    this.#surfaces.set(player, surface);
  }

  unregister(player: PlayerEngine): void {
    if (this.#current === player) this.leave();
    this.#surfaces.delete(player);
  }

  enter(player: PlayerEngine, direction: number): void {
    const surface = this.#surfaces.get(player);
    if (!surface) throw new Error('this live-player is not in the page');
    if (this.#current && this.#current !== player) this.leave();
    this.#current = player;
    surface.enter(direction);
  }

  leave(): void {
    const current = this.#current;
    this.#current = null;
    if (current) this.#surfaces.get(current)?.leave();
  }

  /** The browser left it by itself. */
  left(player: PlayerEngine): void {
    if (this.#current === player) this.#current = null;
  }
}
