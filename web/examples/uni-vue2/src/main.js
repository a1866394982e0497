import Vue from 'vue';
import App from './App';
import { setUpRoom } from './uni_modules/trtc-room/js_sdk/room.js';
import { environments, getUserSig } from './config/environments.js';

setUpRoom({ environments, getUserSig });

App.mpType = 'app';
new Vue({ ...App }).$mount();
