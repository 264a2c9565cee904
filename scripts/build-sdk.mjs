// @ts-check
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { root, run, Stop } from './project.mjs'

/** The SDK's major version: notebooks that name it keep what they were written for. */
const major = 1

/** What runnel.js loads from beside it when it logs to a host: most notebooks never need it. */
const HOST_PART = './runnel-host.js'

/** @type {import('esbuild').Plugin} */
const hostPartBeside = {
  name: 'host-part-beside',
  setup: (build) =>
    build.onResolve({ filter: /runnel-host\.ts$/ }, ({ kind }) => (kind === 'dynamic-import' ? { path: HOST_PART, external: true } : undefined))
}

/**
 * Bundle the SDK, and its types into one file, beside the app.
 *
 * @param {string} site
 * @returns {Promise<{ gzipBytes: number }>}
 */
export async function buildSdk(site) {
  await bundleSdk(site)
  const module = join(site, 'runnel.js')
  await copyFile(module, join(site, `runnel@${major}.js`))
  await buildTypes(site)
  return { gzipBytes: (await promisify(gzip)(await readFile(module))).byteLength }
}

/**
 * Bundle sdk/runnel.ts into one module that imports nothing but its part for hosts.
 *
 * @param {string} folder
 */
export async function bundleSdk(folder) {
  const { build } = await import('esbuild')
  const built = await build({
    absWorkingDir: root,
    entryPoints: ['sdk/runnel.ts', 'sdk/runnel-host.ts'],
    outdir: folder,
    plugins: [hostPartBeside],
    bundle: true,
    minify: true,
    format: 'esm',
    // Private fields as they are: for ES2020 they become WeakMaps, 1.7 KB more gzipped. Every browser that has SharedWorker, which
    // the store lives in, has them.
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true
  })
  const imports = Object.values(built.metafile.outputs)
    .flatMap((output) => output.imports)
    .filter(({ path, kind }) => path !== HOST_PART || kind !== 'dynamic-import')
  if (imports.length > 0) throw new Stop(`runnel.js must import nothing, but imports ${imports.map(({ path }) => path).join(', ')}.`)
}

/** @param {string} site */
async function buildTypes(site) {
  const file = join(site, 'runnel.d.ts')
  // svelte-check has checked these types already; here they are only gathered.
  const args = ['--project', 'tsconfig.json', '--no-check', '--no-banner', '--export-referenced-types=false', '-o', file, 'sdk/runnel.ts']
  if ((await run('dts-bundle-generator', args, { quiet: true })) !== 0) throw new Stop('The types of runnel.js could not be gathered.')
  const types = await readFile(file, 'utf8')
  if (/\bfrom ['"]/.test(types)) throw new Stop('runnel.d.ts must stand alone, but imports another file.')
  await writeFile(file, `// The types of runnel.js, the notebook SDK of Runnel.\n${types}`)
}
