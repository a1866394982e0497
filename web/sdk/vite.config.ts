import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

export default defineConfig({
  define: { __DUET_VERSION__: JSON.stringify(version) },
  build: {
    target: 'es2022',
    sourcemap: true,
    minify: false, // an application's own bundler does it, and stack traces stay readable until then
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: () => 'duet.js' },
  },
  test: { environment: 'node', include: ['test/**/*.test.ts'] },
});
