import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [sveltekit()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    rolldownOptions: {
      output: {
        // What several pages share comes in one file: the service worker takes milliseconds over each, and a page asked for seventy-five.
        codeSplitting: {
          groups: [{ name: 'common', test: /src[\\/]lib[\\/]|node_modules[\\/](svelte|comlink)/, minShareCount: 3 }]
        }
      }
    }
  },
  server: { host: '127.0.0.1', port: 5173 },
  test: {
    include: [
      'src/**/*.test.ts',
      'sdk/**/*.test.ts',
      'sync-server/**/*.test.ts',
      'tests/{contracts,hosts,fuzz,support}/**/*.test.ts'
    ],
    environment: 'node',
    setupFiles: ['tests/support/patience.ts'],
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } }
  }
})
