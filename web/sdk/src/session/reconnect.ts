/** When to try again after a connection was lost, and when not to. Pure. */

import { RpcError } from '../signal/rpc.js';

const FIRST_MS = 250;
const FACTOR = 1.7;
export const LONGEST_MS = 2_500;

/**
 * Delay before attempt number `attempt` (0 = the first after the loss), with `random` in [0, 1).
 *
 * The first comes nearly at once, since most losses are short; its jitter and that of the others
 * keeps the members of a restarted server from coming back in one instant. Grows to 2.5 s and stays: who
 * waits for a call to come back waits no longer than that once the server listens.
 */
export function reconnectDelay(attempt: number, random: number): number {
  if (attempt === 0) return Math.floor(random * 200);
  const full = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** attempt);
  return Math.floor(full * (0.6 + 0.4 * random));
}

const TRANSIENT = new Set(['server_draining', 'server_busy', 'rate_limited', 'internal_error']);

/** False when the server's answer will be the same next time, such as an expired signature. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof RpcError)) return true;
  return error.data?.name !== undefined && TRANSIENT.has(error.data.name);
}
