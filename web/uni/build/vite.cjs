/**
 * For vite.config of a Vue 3 project:
 *
 *   const duet = require('@duet/uni/vite')
 *   export default defineConfig({ plugins: [duet(), uni()] })
 *
 * In builds for the browser uni-h5's two tags and their contexts, which do nothing there, become ours;
 * every other platform is untouched. Options, all true by default: `systemVersions` (getSystemInfo tells versions
 * that version checks accept), `downloads` (saveImageToPhotosAlbum downloads the picture). In development the page's requests to Duet are passed on, by default
 * to the server on this machine: duet({ server: 'http://127.0.0.1:8080' }).
 */
'use strict';

const path = require('node:path');

const VIRTUAL = '\0duet-uni-h5';
const runtime = path.join(__dirname, '../dist/vue3.js');

/**
 * Builds for production take single functions out of uni-h5, so that `uni` as a whole is only what the page
 * makes of the global one, which the app's entry sets after this module has run; in development it is the
 * whole object.
 */
function moduleCode(real, { systemVersions, downloads }) {
  const compatibility = {
    ...(systemVersions ? { getSystemInfoSync: 'versionedSync(platformInfoSync)', getSystemInfo: 'versioned(platformInfo)' } : {}),
    ...(downloads ? { saveImageToPhotosAlbum: 'downloadImage' } : {}),
  };
  return `
import * as Vue from 'vue';
import { uni as platformUni, getSystemInfoSync as platformInfoSync, getSystemInfo as platformInfo } from ${JSON.stringify(real)};
import { createTags, createLivePusherContext, createLivePlayerContext, downloadImage, versioned, versionedSync } from ${JSON.stringify(runtime)};
export * from ${JSON.stringify(real)};
const tags = createTags(Vue);
export const LivePusher = tags.LivePusher;
export const LivePlayer = tags.LivePlayer;
export { createLivePusherContext, createLivePlayerContext };
${Object.entries(compatibility).map(([name, value]) => `export const ${name} = ${value};`).join('\n')}
const ours = { createLivePusherContext, createLivePlayerContext, ${Object.keys(compatibility).join(', ')} };
for (const name of ['uni', 'wx']) {
  let value = Object.assign(globalThis[name] || {}, ours);
  Object.defineProperty(globalThis, name, { configurable: true, get: () => value, set: (given) => { value = Object.assign(given || {}, ours); } });
}
export const uni = /*#__PURE__*/ Object.assign({}, platformUni, ours);
`;
}

module.exports = function duetUni({ server = 'http://127.0.0.1:8080', systemVersions = true, downloads = true } = {}) {
  let real = '';
  return {
    name: 'duet-uni',
    enforce: 'pre',
    apply: () => (process.env.UNI_PLATFORM || 'h5') === 'h5',
    config() {
      // The virtual module must see the package itself, not a bundle made before.
      return {
        optimizeDeps: { exclude: ['@dcloudio/uni-h5'] },
        server: { proxy: { '/v1': { target: server, changeOrigin: true, ws: true } } },
      };
    },
    configResolved({ root }) {
      const manifest = require.resolve('@dcloudio/uni-h5/package.json', { paths: [root] });
      real = path.join(path.dirname(manifest), require(manifest).module || 'dist/uni-h5.es.js');
    },
    resolveId(id, importer) {
      return id === '@dcloudio/uni-h5' && importer !== VIRTUAL ? VIRTUAL : null;
    },
    load(id) {
      return id === VIRTUAL ? moduleCode(real, { systemVersions, downloads }) : null;
    },
  };
};
