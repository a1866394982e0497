import uni from '@dcloudio/vite-plugin-uni';
import duet from '@duet/uni/vite';
import { defineConfig } from 'vite';

export default defineConfig({ plugins: [duet(), (uni.default || uni)()] });
