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
duet.enableAudioVolumeEvaluation(120);
const devices = useDevices(duet);
const media = useLocalMedia(duet, devices);
const call = useCall({ duet, media, params, fetch: (url, init) => fetch(url, init) });
installHooks(call);

// A closed tab is a goodbye, not a lost connection; a page that may come back (persisted) is neither.
addEventListener('pagehide', (event) => {
  if (!event.persisted) void duet.exitRoom();
});

createApp(App).provide(pageContextKey, { call, devices }).mount('#app');
