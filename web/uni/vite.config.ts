import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const sdk = (path: string): string => fileURLToPath(new URL(`../sdk/${path}`, import.meta.url));
const { version } = JSON.parse(readFileSync(sdk('package.json'), 'utf8'));

/** room.js is copied into projects and stands alone: it is built by itself (--mode room), and shares no file with the others. */
export default defineConfig(({ mode }) => ({
  resolve: { alias: { '@duet/sdk/signal': sdk('src/signal/index.ts'), '@duet/sdk': sdk('src/index.ts') } }, // bundled: an app installs one package
  define: { __DUET_VERSION__: JSON.stringify(version) },
  build: {
    target: 'es2018', // what uni-app's older toolchains and the mini program's parser take as it is
    sourcemap: true,
    minify: false,
    emptyOutDir: mode !== 'room',
    lib: {
      entry: mode === 'room' ? { room: 'src/room/index.ts' } : { index: 'src/index.ts', vue2: 'src/tags/vue2.ts', vue3: 'src/tags/vue3.ts' },
      formats: ['es'],
    },
    rollupOptions: { output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[name].js' } },
  },
  test: { environment: 'node', include: ['test/**/*.test.{ts,mjs}'] },
}));
