/** Which remote stream arrives on which section: the server's table, indexed both ways. Pure. */

import type { Kind, Slot, StreamRef } from '../signal/messages.js';
import { streamKey } from './keys.js';

export class SlotTable {
  readonly #byMid = new Map<string, Slot>();
  readonly #midOf = new Map<string, string>();

  replace(slots: readonly Slot[]): void {
    this.#byMid.clear();
    this.#midOf.clear();
    for (const slot of slots) this.assign(slot);
  }

  /** A section carries one stream and a stream comes on one section: older assignments give way. */
  assign(slot: Slot): void {
    const former = this.#byMid.get(slot.mid);
    if (former) this.#midOf.delete(streamKey(former));
    const key = streamKey(slot);
    const formerMid = this.#midOf.get(key);
    if (formerMid !== undefined) this.#byMid.delete(formerMid);
    this.#byMid.set(slot.mid, slot);
    this.#midOf.set(key, slot.mid);
  }

  midOf(ref: StreamRef): string | undefined {
    return this.#midOf.get(streamKey(ref));
  }

  at(mid: string): Slot | undefined {
    return this.#byMid.get(mid);
  }

  all(kind?: Kind): Slot[] {
    return [...this.#byMid.values()].filter((slot) => !kind || slot.kind === kind);
  }
}
