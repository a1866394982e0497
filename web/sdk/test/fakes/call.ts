/** A Duet on a fake platform, with everything it tells written down. */

import { Duet } from '../../src/duet.js';
import type { DuetEvents, EventName } from '../../src/events.js';
import { EVENT } from '../../src/events.js';
import type { EnterRoomParams } from '../../src/types.js';
import { FakePlatform } from './platform.js';
import { settle } from './time.js';

export const PARAMS: EnterRoomParams = {
  sdkAppId: 1_400_000_001, userId: 'alice', userSig: 'sig', roomId: 1234, template: '1v1',
};

export class Call {
  readonly platform = new FakePlatform();
  readonly server = this.platform.server;
  readonly duet = new Duet({ logLevel: 5 }, this.platform);
  readonly log: Array<{ event: EventName; payload: unknown }> = [];

  constructor() {
    for (const event of Object.values(EVENT)) {
      this.duet.on(event, ((payload: unknown) => this.log.push({ event, payload })) as never);
    }
  }

  /** Payloads of all events of a name, oldest first. */
  heard<E extends EventName>(event: E): Array<DuetEvents[E]> {
    return this.log.filter((entry) => entry.event === event).map((entry) => entry.payload as DuetEvents[E]);
  }

  /** Names of all events since the last call of forget(), of those that `only` lists. */
  names(only: readonly EventName[]): EventName[] {
    return this.log.map((entry) => entry.event).filter((event) => only.includes(event));
  }

  forget(): void {
    this.log.length = 0;
    this.server.requests.length = 0;
  }

  async enter(params: Partial<EnterRoomParams> = {}): Promise<void> {
    await this.duet.enterRoom({ ...PARAMS, ...params });
    await settle();
  }

  async advance(delay_ms: number): Promise<void> {
    await this.platform.time.advance(delay_ms);
  }
}

/** In a room with bob, who sends sound and picture. */
export async function callWithBob(params: Partial<EnterRoomParams> = {}): Promise<Call> {
  const call = new Call();
  await call.enter(params);
  call.server.join('bob');
  call.server.publishes('bob', 'main', { audio: true, video: true });
  await settle();
  return call;
}
