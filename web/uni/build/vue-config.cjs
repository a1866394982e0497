/**
 * For vue.config.js of a Vue 2 project:
 *
 *   module.exports = require('@duet/uni/vue-config')()
 *   module.exports = require('@duet/uni/vue-config')({ lateOnLoad: false }, { ...what vue.config.js had })
 *
 * Builds for the browser get the tags and the compatibility layer; every other platform is untouched.
 * Options: lateOnLoad, systemVersions, downloads, looseTemplates; all true by default. In development the
 * page's requests to Duet are passed on to `server`, by default the one on this machine.
 */
'use strict';

const path = require('node:path');

const dist = path.join(__dirname, '../dist');

function addMainLoader(config, options) {
  const main = path.resolve(process.env.UNI_INPUT_DIR || 'src');
  config.module.rule('duet-uni-main')
    .test((file) => path.dirname(file) === main && /^main\.(js|ts)$/.test(path.basename(file)))
    .use('duet-uni-main')
    .loader(path.join(__dirname, 'main-loader.cjs'))
    .options({ runtime: path.join(dist, 'vue2.js'), compatibility: options });
}

/** The files are made for browsers already, and core-js is not to be found from where they lie. */
function leaveDistAlone(config) {
  config.module.rule('js').exclude.add(dist);
}

function addLooseTemplates(config) {
  config.module.rule('duet-uni-loose')
    .resourceQuery(/vue&type=template/)
    .post()
    .use('duet-uni-loose')
    .loader(path.join(__dirname, 'loose-template-loader.cjs'));
}

module.exports = function duetUni(options = {}, vueConfig = {}) {
  if (process.env.UNI_PLATFORM !== 'h5') return vueConfig;
  const { looseTemplates = true, server = 'http://127.0.0.1:8080', ...compatibility } = options;
  const devServer = vueConfig.devServer || {};
  const proxy = { '/v1': { target: server, changeOrigin: true, ws: true }, ...devServer.proxy };
  return {
    ...vueConfig,
    devServer: { port: 5173, ...devServer, proxy }, // not the usual 8080: that is Duet's
    chainWebpack(config) {
      if (vueConfig.chainWebpack) vueConfig.chainWebpack(config);
      addMainLoader(config, compatibility);
      leaveDistAlone(config);
      if (looseTemplates) addLooseTemplates(config);
    },
  };
};
