// @ts-check
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a build is made of. Tests are not: changing one must not rebuild the app. */
const inputs = [
  'src',
  'sdk',
  'static',
  'package.json',
  'package-lock.json',
  'svelte.config.js',
  'vite.config.ts',
  'tsconfig.json',
  'scripts/build.mjs',
  'scripts/build-sdk.mjs'
]

/**
 * A hash over the names and bytes of everything a build reads: a few milliseconds for a few hundred files, and unlike times of
 * modification it survives a checkout.
 *
 * @param {string} folder the project
 * @param {readonly string[]} [more] files and folders beside what every build reads
 * @returns {string} 16 hex digits
 */
export function hashInputs(folder, more = []) {
  const hash = createHash('sha256')
  for (const path of [...inputs, ...more].flatMap((input) => filesUnder(folder, input))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(folder, path)))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {string} folder
 * @param {string} path
 * @returns {string[]} sorted, so that the hash does not depend on the file system
 */
function filesUnder(folder, path) {
  const onDisk = join(folder, path)
  if (!existsSync(onDisk)) return []
  if (!statSync(onDisk).isDirectory()) return isTest(path) ? [] : [path]
  return readdirSync(onDisk)
    .sort()
    .flatMap((name) => filesUnder(folder, `${path}/${name}`))
}

/** @param {string} path */
const isTest = (path) => /\.test\.ts$/.test(path)

// The stamp lies in the site itself: whatever clears or replaces the site takes its stamp away with it.
/** @param {string} site */
const stampFile = (site) => join(site, '.stamp')

/**
 * @param {string} site
 * @param {string} hash
 */
export function isStamped(site, hash) {
  const file = stampFile(site)
  return existsSync(file) && readFileSync(file, 'utf8') === hash
}

/**
 * @param {string} site
 * @param {string} hash
 */
export function stamp(site, hash) {
  writeFileSync(stampFile(site), hash)
}
