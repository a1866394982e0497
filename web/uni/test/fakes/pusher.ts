/** A pusher on a fake host, with everything that it tells written down. */

import type { DuetUniConfig, EffectiveConfig } from '../../src/core/environments.js';
import type { PusherEvents } from '../../src/core/pusher-engine.js';
import { PusherEngine } from '../../src/core/pusher-engine.js';
import { Stage } from '../../src/core/stage.js';
import { FakeHost, settle } from './host.js';

export const URL = 'room://cloud.tencent.com/rtc?sdkappid=1400000001&roomid=1234&userid=alice&usersig=sig&appscene=videocall&cloudenv=PRO';

export class Pushing {
  readonly host = new FakeHost();
  readonly stage = new Stage();
  readonly log: Array<{ event: keyof PusherEvents; detail: unknown }> = [];
  readonly engine: PusherEngine;
  readonly #config: EffectiveConfig;

  constructor(config: DuetUniConfig = {}) {
    this.#config = { environments: {}, server: undefined, suspend: 'auto', suspendAfter: 5_000, ...config };
    this.engine = new PusherEngine(this.host, this.stage, () => this.#config, (event, detail) => this.log.push({ event, detail }));
  }

  get client() { return this.host.client; }

  async attributes(raw: Record<string, unknown>): Promise<void> {
    this.engine.setAttributes(raw);
    await settle();
  }

  async entered(raw: Record<string, unknown> = {}): Promise<this> {
    await this.attributes({ url: URL, autopush: true, ...raw });
    return this;
  }

  heard<E extends keyof PusherEvents>(event: E): Array<PusherEvents[E]> {
    return this.log.filter((entry) => entry.event === event).map(({ detail }) => detail as PusherEvents[E]);
  }

  codes(): number[] {
    return this.heard('statechange').map(({ code }) => code);
  }

  /** The message of the newest statechange with this code. */
  message(code: number): string {
    const found = this.heard('statechange').filter((change) => change.code === code);
    if (found.length === 0) throw new Error(`no ${code} in ${this.codes().join(' ')}`);
    return found[found.length - 1]!.message;
  }
}
