/** The server's limit on custom messages, kept locally so that a refusal is known at once. Pure. */

export const MESSAGES_PER_SECOND = 30;
export const BYTES_PER_SECOND = 8 * 1024;
export const MESSAGE_BYTES = 1024;
const WINDOW_MS = 1_000;

export class MessageBudget {
  #sent: Array<{ at_ms: number; bytes: number }> = [];

  /** False, and nothing counted, when the message would break the limit of the last second. */
  take(now_ms: number, bytes: number): boolean {
    this.#sent = this.#sent.filter(({ at_ms }) => now_ms - at_ms < WINDOW_MS);
    const total = this.#sent.reduce((sum, entry) => sum + entry.bytes, 0);
    if (this.#sent.length >= MESSAGES_PER_SECOND || total + bytes > BYTES_PER_SECOND) return false;
    this.#sent.push({ at_ms: now_ms, bytes });
    return true;
  }
}
