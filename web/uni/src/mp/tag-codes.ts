/** What the platform's tags tell by number, and what follows from it. Pure. Numbers that are not here mean nothing: phones tell more than is documented. */

export type PusherMeaning = 'running' | 'reconnecting' | 'failed' | 'suspended' | 'device';
export type PlayerMeaning = 'firstFrame' | 'reconnecting' | 'failed';

/** Lookup, connection, handshake, closed by the server, reading and writing. */
const CONNECTION = [3001, 3002, 3003, 3004, 3005];

const PUSHER = new Map<number, PusherMeaning>([
  [1001, 'running'], [1002, 'running'], [1102, 'reconnecting'], [5000, 'suspended'], [5001, 'suspended'], [-1307, 'failed'],
  ...CONNECTION.map((code): [number, PusherMeaning] => [code, 'failed']),
  ...[-1301, -1302, -1303, -1304, -1305, -1306, 10001, 10002].map((code): [number, PusherMeaning] => [code, 'device']),
]);

const PLAYER = new Map<number, PlayerMeaning>([
  [2003, 'firstFrame'], [2004, 'firstFrame'], [2032, 'firstFrame'], [2103, 'reconnecting'], [-2301, 'failed'],
  ...CONNECTION.map((code): [number, PlayerMeaning] => [code, 'failed']),
]);

export function pusherMeaning(code: number): PusherMeaning | undefined {
  return PUSHER.get(code);
}

export function playerMeaning(code: number): PlayerMeaning | undefined {
  return PLAYER.get(code);
}
