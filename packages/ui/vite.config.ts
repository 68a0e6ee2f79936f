import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** Pages for browsers: nothing is inline and nothing comes from elsewhere, so that a browser can be told to allow nothing else. */
export default defineConfig({
  plugins: [
    vue(),
    ui({
      // Imports are written down: who reads a file sees where each name comes from.
      autoImport: false,
      components: false,
      // Its own way puts a style into the page, which the page may not have.
      colorMode: false,
      icon: { clientBundle: { scan: true } },
      theme: { transitions: false },
    }),
  ],
  build: {
    target: 'es2022',
    // A small file that stands inline would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'LICENSES.md' },
    chunkSizeWarningLimit: 400,
  },
})
