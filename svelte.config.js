import adapter from '@sveltejs/adapter-static'
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { root } from './scripts/project.mjs'
import { hashInputs } from './scripts/stamp.mjs'

const site = process.env.RUNNEL_OUT ?? 'build'

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  kit: {
    // One page that routes itself: every state is a URL, and any static host can serve it.
    adapter: adapter({ pages: site, assets: site, fallback: 'index.html', strict: true }),
    // The shell registers it, so that a page can tell the reader when a new version waits.
    serviceWorker: { register: false },
    // The hash of Kit's one inline start script is written into the page: no inline script is ever allowed by name.
    csp: {
      mode: 'hash',
      directives: {
        'default-src': ['self'],
        'script-src': ['self', 'wasm-unsafe-eval'],
        'style-src': ['self', 'unsafe-inline'],
        'img-src': ['self', 'data:', 'blob:'],
        'connect-src': ['self'],
        'worker-src': ['self'],
        'frame-src': ['blob:', 'data:'],
        'object-src': ['none'],
        'base-uri': ['none'],
        'form-action': ['none']
      }
    },
    // Named by what went in: building the same sources again is not a new version to anybody who has them.
    version: { name: hashInputs(root), pollInterval: 0 }
  }
}
