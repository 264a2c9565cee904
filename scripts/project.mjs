// @ts-check
// What every script of the project needs: where it is, how to run a program in it, how to stop with a sentence.
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder, wherever a script was started from. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** The built site: build/, or the folder RUNNEL_OUT names. */
export const siteFolder = join(root, process.env['RUNNEL_OUT'] ?? 'build')

const binFolder = join(root, 'node_modules', '.bin')

/** @param {string} text */
export const say = (text) => console.log(`\u2192 ${text}`)

/** A failure the reader can act on: printed as one sentence, without a stack. */
export class Stop extends Error {}

/**
 * Run a program in the project, its words passed on. The project's own tools and its Node come first on the path.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, quiet?: boolean }} [options] quiet keeps the words back unless it fails
 * @returns {Promise<number>} the exit code; 1 when a signal ended it
 */
export function run(command, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: `${binFolder}${delimiter}${process.env['PATH'] ?? ''}`, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      // npm and the tools in .bin are .cmd files on Windows, which only a shell starts.
      shell: process.platform === 'win32'
    })
    /** @type {Buffer[]} */
    const words = []
    child.stdout?.on('data', (chunk) => words.push(chunk))
    child.stderr?.on('data', (chunk) => words.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0 && quiet) process.stderr.write(Buffer.concat(words))
      resolve(code ?? 1)
    })
  })
}

/**
 * Run a script's main, and turn a Stop into its sentence and exit code 1.
 *
 * @param {() => Promise<void>} main
 */
export function runMain(main) {
  main().catch((error) => {
    console.error(error instanceof Stop ? error.message : error)
    process.exit(1)
  })
}
