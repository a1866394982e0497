import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

const sdk = (path: string): string => fileURLToPath(new URL(`../sdk/${path}`, import.meta.url));
const { version } = JSON.parse(readFileSync(sdk('package.json'), 'utf8'));

export default defineConfig({
  base: './', // served at / by the server, but nothing here depends on it
  plugins: [vue()],
  resolve: { alias: { '@duet/sdk': sdk('src/index.ts') } }, // its sources: no build of it needed
  define: { __DUET_VERSION__: JSON.stringify(version) },
  build: { target: 'es2022', modulePreload: { polyfill: false } },
  // Beside a running server: `npm run dev`, with the page's requests passed on.
  server: { proxy: { '/v1': { target: 'http://127.0.0.1:8080', ws: true } } },
  test: { environment: 'node', include: ['test/**/*.test.ts'] },
});
