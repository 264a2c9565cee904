// @ts-check
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, say, Stop } from './project.mjs'

/** Install what package-lock.json names, unless it is what node_modules holds already. */
export async function ensureInstalled() {
  if (isInstalled()) return
  say('Installing dependencies (npm ci)')
  // NODE_ENV=production would leave out everything that builds.
  const code = await run('npm', ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'])
  if (code !== 0)
    throw new Stop('Installing failed; the lines above say why. The registry has to be reachable the first time.')
  if (!isInstalled())
    throw new Stop('npm ci ended well but left node_modules incomplete. Remove node_modules and try again.')
}

/** npm writes down what it installed last of all, so an interrupted install does not look like a finished one. */
export function isInstalled(folder = root) {
  const wanted = readPackages(join(folder, 'package-lock.json'))
  const present = readPackages(join(folder, 'node_modules', '.package-lock.json'))
  if (wanted === undefined) throw new Stop('package-lock.json is missing: this is not a whole copy of the project.')
  if (present === undefined || !existsSync(join(folder, 'node_modules', '.bin', 'node'))) return false
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = present[path]
    // What is optional may be for another platform.
    if (found === undefined) return path === '' || optional === true
    return found.version === version && found.integrity === integrity
  })
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}
