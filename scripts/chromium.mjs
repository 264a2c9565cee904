// @ts-check
// Where a Chromium is, on a machine we know nothing about.
import { existsSync, readdirSync } from 'node:fs'
import { homedir, platform } from 'node:os'
import { join } from 'node:path'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'
]

/**
 * The path of a Chromium: the one RUNNEL_CHROMIUM names, else an installed one, else one of Playwright's own.
 *
 * @returns {string | undefined} undefined when there is none
 */
export function findChromium() {
  const named = process.env['RUNNEL_CHROMIUM']
  if (named) return existsSync(named) ? named : undefined
  return [...installed, ...playwrightChromiums()].find((path) => existsSync(path))
}

/** Playwright keeps one folder per revision; the newest is last by name. */
function playwrightChromiums() {
  const cache = playwrightCache()
  if (!existsSync(cache)) return []
  const executables = [
    'chrome-linux64/chrome',
    'chrome-linux/chrome',
    'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-win64\\chrome.exe',
    'chrome-win\\chrome.exe'
  ]
  return readdirSync(cache)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort()
    .reverse()
    .flatMap((name) => executables.map((executable) => join(cache, name, executable)))
}

function playwrightCache() {
  const named = process.env['PLAYWRIGHT_BROWSERS_PATH']
  if (named && named !== '0') return named
  if (platform() === 'darwin') return join(homedir(), 'Library/Caches/ms-playwright')
  if (platform() === 'win32') return join(homedir(), 'AppData/Local/ms-playwright')
  return join(homedir(), '.cache/ms-playwright')
}
