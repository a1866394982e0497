/** Whether calls are possible in this mini program, and on this phone. */

import type { WordKey } from '../room/words.js';
import type { MiniPlatform, Scope } from './platform.js';

/** Numbers of what the platform has no number for. */
export const MINI_ERROR = { DOMAIN: -41101, CATEGORY: -41102, OLD_LIBRARY: -41103 } as const;

const TAGS_SINCE = '1.7.0';
/** Since then the tags lie among the other elements instead of over them; without, buttons cannot be seen. */
const SAME_LAYER_SINCE = '2.9.1';

/** -1, 0, 1 as `a` is before, the same as, after `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

export interface Obstacle {
  code: number;
  words: WordKey;
}

/** null = calls are possible, as far as can be seen before trying. */
export function obstacle(mini: Pick<MiniPlatform, 'getSystemInfoSync' | 'canIUse'>): Obstacle | null {
  const { hostSDKVersion = '', SDKVersion = hostSDKVersion } = mini.getSystemInfoSync();
  if (compareVersions(SDKVersion, TAGS_SINCE) < 0) return { code: MINI_ERROR.OLD_LIBRARY, words: 'miniNoLibrary' };
  if (compareVersions(SDKVersion, SAME_LAYER_SINCE) < 0) return { code: MINI_ERROR.OLD_LIBRARY, words: 'miniOldLibrary' };
  if (!mini.canIUse('live-pusher') || !mini.canIUse('live-player')) return { code: MINI_ERROR.CATEGORY, words: 'miniNoTags' };
  return null;
}

/** A tag's refusal to be made, when the mini program has no right to it. */
export function isCategoryRefusal(errMsg: string): boolean {
  return /insertLive(Pusher|Player):fail|access denied|no permission/i.test(errMsg);
}

/** The platform's refusal of an address that is not on the mini program's list. */
export function isDomainRefusal(errMsg: string): boolean {
  return /domain list|合法域名/.test(errMsg);
}

/** Asks the user the first time; false when they said no, now or earlier. */
export function granted(mini: Pick<MiniPlatform, 'getSetting' | 'authorize'>, scope: Scope): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = (): void => mini.authorize({ scope, success: () => resolve(true), fail: () => resolve(false) });
    mini.getSetting({
      success: ({ authSetting }) => {
        const known = authSetting[scope];
        if (known === undefined) ask();
        else resolve(known);
      },
      fail: ask,
    });
  });
}
