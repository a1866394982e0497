/** What an app imports: where the servers are. The tags come by the build helper, the component by easycom. */

export { configure } from './core/environments.js';
export type { DuetUniConfig, Environment, SuspendPolicy } from './core/environments.js';
export { createLivePlayerContext, createLivePusherContext } from './tags/runtime.js';
export { PLAYER_CODE, PUSHER_CODE } from './core/codes.js';
