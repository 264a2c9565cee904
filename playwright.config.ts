import { defineConfig } from '@playwright/test'

// No webServer: each test starts its own host on a free port (tests/support/fixtures.ts), because an origin's service worker and
// IndexedDB are exactly what these tests are about.
export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'test-results',
  // Bounds for what hangs, not for what is slow: machines are shared, and one that is busy is no failure.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  // One baseline for every system: what is compared holds no text.
  snapshotPathTemplate: '{testDir}/{testFileName}-snapshots/{arg}{ext}',
  fullyParallel: false,
  workers: 2,
  retries: process.env['CI'] ? 1 : 0,
  forbidOnly: true,
  use: { viewport: { width: 1440, height: 900 } }
})
