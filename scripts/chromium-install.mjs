// @ts-check
import { findChromium } from './chromium.mjs'
import { run, say, Stop } from './project.mjs'

/**
 * A Chromium for the tests, installed if there is none: Playwright's own first, because it needs no rights, then the system's package.
 *
 * @returns {Promise<string>} its path
 */
export async function ensureChromium() {
  if (process.env['RUNNEL_CHROMIUM'] && !findChromium()) {
    throw new Stop(`RUNNEL_CHROMIUM names ${process.env['RUNNEL_CHROMIUM']}, which is not there.`)
  }
  const path = (await findStarting()) ?? (await installPlaywrights()) ?? (await installPackage())
  if (path === undefined) {
    throw new Stop(
      'The tests need a Chromium and none could be installed. Install Chromium or Chrome, or name one in RUNNEL_CHROMIUM; npm test -- unit runs what needs none.'
    )
  }
  return path
}

/** A browser that lies there may still miss a library it needs. */
async function findStarting() {
  const path = findChromium()
  if (path === undefined) return undefined
  return (await run(path, ['--version'], { quiet: true })) === 0 ? path : undefined
}

async function installPlaywrights() {
  say('Installing a Chromium for the tests (playwright install chromium)')
  if ((await run('playwright', ['install', 'chromium'], { quiet: true })) === 0) return findStarting()
  say('That did not work')
  return undefined
}

async function installPackage() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  say('Installing a Chromium for the tests (apt-get install chromium)')
  const quietly = { env: { DEBIAN_FRONTEND: 'noninteractive' }, quiet: true }
  try {
    await run('apt-get', ['update'], quietly)
    return (await run('apt-get', ['install', '-y', 'chromium'], quietly)) === 0 ? findStarting() : undefined
  } catch {
    // Not a system that has apt-get.
    return undefined
  }
}
