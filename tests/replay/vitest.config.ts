import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Apart from the other tests: it needs a Python environment, and npm test makes that first (npm test -- replay). */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['tests/replay/**/*.test.ts'], environment: 'node' }
})
