import { createSSRApp } from 'vue';
import App from './App.vue';
import { setUpRoom } from './uni_modules/trtc-room/js_sdk/room.js';
import { environments, getUserSig } from './config/environments.js';

setUpRoom({ environments, getUserSig });

export function createApp() {
  return { app: createSSRApp(App) };
}
