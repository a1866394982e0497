/** Puts the tags into main.js without a changed line of it. */
'use strict';

module.exports = function mainLoader(source) {
  const { runtime, compatibility } = this.getOptions();
  const lines = [
    "import DuetVue from 'vue';",
    `import { install as installDuet } from ${JSON.stringify(runtime)};`,
    `installDuet(DuetVue, uni, ${JSON.stringify(compatibility)});`,
  ];
  return `${lines.join(' ')}\n${source}`; // one line, so that the lines of the app's code keep their numbers but one
};
