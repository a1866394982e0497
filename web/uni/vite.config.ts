import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const sdk = (path: string): string => fileURLToPath(new URL(`../sdk/${path}`, import.meta.url));
const { version } = JSON.parse(readFileSync(sdk('package.json'), 'utf8'));

export default defineConfig({
  resolve: { alias: { '@duet/sdk': sdk('src/index.ts') } }, // bundled: an app installs one package
  define: { __DUET_VERSION__: JSON.stringify(version) },
  build: {
    target: 'es2018', // what uni-app's older toolchains and the mini program's parser take as it is
    sourcemap: true,
    minify: false,
    lib: {
      entry: { index: 'src/index.ts', room: 'src/room/index.ts', vue2: 'src/tags/vue2.ts', vue3: 'src/tags/vue3.ts' },
      formats: ['es'],
    },
    rollupOptions: { output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[name].js' } },
  },
  test: { environment: 'node', include: ['test/**/*.test.{ts,mjs}'] },
});
