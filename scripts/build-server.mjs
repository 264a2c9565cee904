// @ts-check
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleSdk } from './build-sdk.mjs'
import { root } from './project.mjs'
import { hashInputs, isStamped, stamp } from './stamp.mjs'

/** Where the bundle of the `runnel` command is, and what to run in it. */
export const serverFolder = join(root, 'dist')
export const serverEntry = join(serverFolder, 'runnel.mjs')

/** What it is made of, beside what the site is made of. */
const inputs = ['sync-server', 'scripts/build-server.mjs']

/** Bundle the command unless it is what these sources make: half a second, once, for a start in a third of the time. */
export async function ensureServerBuilt() {
  const hash = hashInputs(root, inputs)
  if (isStamped(serverFolder, hash)) return
  await buildServer(serverFolder)
  // For programs, as it is written: Node prints the line an error comes from.
  await bundleSdk(join(serverFolder, 'sdk'), { minify: false })
  stamp(serverFolder, hash)
}

/** What a bundle of node_modules begins with, for modules that were written with require. */
const withRequire = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`

/**
 * Bundle the `runnel` command: everything it needs but Node itself, with the licences of what is in it.
 *
 * @param {string} folder emptied first
 */
async function buildServer(folder) {
  const { build } = await import('esbuild')
  await rm(folder, { recursive: true, force: true })
  const built = await build({
    absWorkingDir: root,
    entryPoints: { runnel: 'sync-server/main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // A command loads only what it runs. All in one folder, as the sources find the site from where they are.
    splitting: true,
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node22.16',
    // Names stay, for whoever reads a stack in a log.
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: withRequire },
    // ws does without these where they are not installed.
    external: ['bufferutil', 'utf-8-validate'],
    metafile: true,
    // What it extends is made with the site, and says nothing that a bundle depends on.
    tsconfigRaw: {}
  })
  await writeFile(join(folder, 'THIRD-PARTY.txt'), await licences(Object.keys(built.metafile.inputs)))
}

/** @param {readonly string[]} inputs */
async function licences(inputs) {
  const names = new Set(inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []))
  const texts = [...names].sort().map(async (name) => {
    const folder = join(root, 'node_modules', name)
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
    return `${name} ${version} (${license})\n\n${text.trim()}\n`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`)
}
