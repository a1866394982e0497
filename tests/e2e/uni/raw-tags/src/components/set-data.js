/** Projects that came from a native mini program bring its setData along. */
export default {
  methods: {
    setData(data, done) {
      Object.keys(data).forEach((name) => this.$set(this, name, data[name]));
      if (done) this.$nextTick(done);
    },
  },
};
