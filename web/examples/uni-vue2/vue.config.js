module.exports = require('@duet/uni/vue-config')();
