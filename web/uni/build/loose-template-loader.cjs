/**
 * Templates of the mini program may say `list[0].name` while the list is empty; compiled for the browser
 * that would throw and leave the page blank. In render functions a member of nothing becomes nothing.
 */
'use strict';

const { loosen } = require('./loosen.cjs');

module.exports = function looseTemplateLoader(source) {
  return loosen(source, this.rootContext);
};
