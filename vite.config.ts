import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [sveltekit()],
  worker: { format: 'es' },
  build: { target: 'es2022' },
  server: { host: '127.0.0.1', port: 5173 },
  test: {
    include: ['src/**/*.test.ts', 'sdk/**/*.test.ts', 'sync-server/**/*.test.ts', 'tests/{contracts,hosts,fuzz,support}/**/*.test.ts'],
    environment: 'node',
    testTimeout: 30_000
  }
})
