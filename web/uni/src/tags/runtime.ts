/** What all tags of a page share. */

import { configuration } from '../core/environments.js';
import { LivePlayerContext, LivePusherContext } from '../core/contexts.js';
import { FullScreen } from '../core/full-screen.js';
import { Registry } from '../core/registry.js';
import { Stage } from '../core/stage.js';
import { browserHost } from '../media/browser-host.js';

export const runtime = {
  host: browserHost,
  stage: new Stage(),
  registry: new Registry(),
  fullScreen: new FullScreen(),
  config: configuration,
};

/** What `uni.createLivePusherContext` is. Arguments are taken for the platform's sake: there is one pusher in a page. */
export function createLivePusherContext(..._ignored: unknown[]): LivePusherContext {
  return new LivePusherContext(runtime.registry);
}

/** What `uni.createLivePlayerContext` is. */
export function createLivePlayerContext(id: string, ..._ignored: unknown[]): LivePlayerContext {
  return new LivePlayerContext(runtime.registry, runtime.fullScreen, String(id));
}
