#!/usr/bin/env node
// The launcher of the `runnel` command, for any Node that can read it: a store needs node:sqlite, so an older Node starts a newer one.
import { spawn } from 'child_process'
import { existsSync } from 'fs'
import { createRequire } from 'module'
import { fileURLToPath } from 'url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewEnough = major > 22 || (major === 22 && minor >= 16)

if (isNewEnough) {
  muteSqliteWarning()
  await import(entry())
} else runOn(newerNode())

/** The sources in the project itself, which no package holds; the bundle of them elsewhere. */
function entry() {
  const sources = new URL('../sync-server/main.ts', import.meta.url)
  return existsSync(sources) ? sources.href : new URL('../dist/runnel.mjs', import.meta.url).href
}

/** Node 22 calls node:sqlite experimental on every start. Nothing else is kept from the reader. */
function muteSqliteWarning() {
  const emitWarning = process.emitWarning
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('SQLite is an experimental feature'))
      Reflect.apply(emitWarning, process, [warning, ...rest])
  }
}

/** The Node that was installed with this package. */
function newerNode() {
  try {
    const folder = createRequire(import.meta.url)
      .resolve('node/package.json')
      .slice(0, -'package.json'.length)
    return ['bin/node', 'bin/node.exe'].map((file) => folder + file).find((file) => existsSync(file))
  } catch {
    return undefined
  }
}

function runOn(node) {
  if (node === undefined) {
    console.error(
      `Runnel needs Node 22.16 or newer, and this is ${process.version}. Install one from https://nodejs.org, ` +
        'or beside Runnel with: npm install node@24'
    )
    process.exitCode = 1
    return
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal's Ctrl+C reaches both; a `kill` of this one is passed on, and this one ends with the other.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`Runnel could not start Node: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130)
  })
}
