import { Duet } from '@duet/sdk';
import { createApp } from 'vue';
import App from './App.vue';
import { pageContextKey } from './composables/context.js';
import { useCall } from './composables/useCall.js';
import { useDevices } from './composables/useDevices.js';
import { setUpLanguage } from './composables/useI18n.js';
import { useLocalMedia } from './composables/useLocalMedia.js';
import { installHooks } from './hooks.js';
import { parsePageParams } from './logic/params.js';
import './styles/base.css';

const params = parsePageParams(location.search, location.hash);
setUpLanguage(params.language);

const duet = Duet.create({ logLevel: params.debugMode ? 1 : 3 });
const devices = useDevices(duet);
const media = useLocalMedia(duet, devices);
const call = useCall({ duet, media, params, fetch: (url, init) => fetch(url, init) });
installHooks(call);

createApp(App).provide(pageContextKey, { call, devices }).mount('#app');
