// @ts-check
import { pathToFileURL } from 'node:url'
import { buildSdk } from './build-sdk.mjs'
import { root, run, runMain, say, siteFolder, Stop } from './project.mjs'
import { hashInputs, isStamped, stamp } from './stamp.mjs'

/** Build the site unless it is what these sources build. */
export async function ensureBuilt() {
  if (!isStamped(siteFolder, hashInputs(root))) await build()
}

async function build() {
  // Taken before the build reads anything: a file that changes meanwhile makes the next run build again.
  const hash = hashInputs(root)
  say('Building the app')
  const started = performance.now()
  for (const [command, ...args] of [
    ['svelte-kit', 'sync'],
    ['vite', 'build', '--logLevel', 'warn']
  ]) {
    const code = await run(/** @type {string} */ (command), args, { quiet: true })
    if (code !== 0) throw new Stop(`${command} failed; the lines above say why.`)
  }
  const size = await buildSdk(siteFolder)
  stamp(siteFolder, hash)
  say(
    `Built in ${((performance.now() - started) / 1000).toFixed(1)} s; runnel.js is ${(size.gzipBytes / 1024).toFixed(1)} KB gzipped`
  )
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) runMain(build)
