import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** The page with the stand-in for the SDK; see shots.mjs. */
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('../..'),
  base: './',
  plugins: [vue()],
  resolve: { alias: { '@duet/sdk': here('fake_sdk.ts') } },
  build: { target: 'es2022', outDir: here('../../dist-looks'), emptyOutDir: true },
});
