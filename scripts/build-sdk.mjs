// @ts-check
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { root, run, Stop } from './project.mjs'

/** The SDK's major version: notebooks that name it keep what they were written for. */
const major = 1

/** What runnel.js loads from beside it when it logs to a host, and when it logs system metrics: most notebooks never need them. */
const PARTS = ['./runnel-host.js', './runnel-system.js']

/** @type {import('esbuild').Plugin} */
const partsBeside = {
  name: 'parts-beside',
  setup: (build) =>
    build.onResolve({ filter: /^\.\/runnel-\w+\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: path.replace(/ts$/, 'js'), external: true } : undefined
    )
}

/**
 * esbuild keeps a product of two numbers that nobody uses, as if it could do something. So it is given the limits as the numbers they are.
 *
 * @type {import('esbuild').Plugin}
 */
const limitsAsNumbers = {
  name: 'limits-as-numbers',
  setup: ({ onLoad, esbuild }) =>
    onLoad({ filter: /domain[\\/]limits\.ts$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(await readFile(path, 'utf8'), { loader: 'ts', format: 'esm' })
      const limits = await import(`data:text/javascript,${encodeURIComponent(code)}`)
      const lines = Object.entries(limits).map(([name, values]) => `export const ${name} = ${JSON.stringify(values)}`)
      return { contents: lines.join('\n'), loader: 'js' }
    })
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
 * Bundle sdk/runnel.ts into one module that imports nothing but its parts.
 *
 * @param {string} folder
 * @param {{ minify?: boolean }} [options] as it is written, for programs: their errors print the line they come from
 */
export async function bundleSdk(folder, { minify = true } = {}) {
  const { build } = await import('esbuild')
  const built = await build({
    absWorkingDir: root,
    entryPoints: ['sdk/runnel.ts', ...PARTS.map((part) => `sdk/${part.slice(2, -2)}ts`)],
    outdir: folder,
    plugins: [partsBeside, limitsAsNumbers],
    bundle: true,
    minify,
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
    .filter(({ path, kind }) => !PARTS.includes(path) || kind !== 'dynamic-import')
  if (imports.length > 0)
    throw new Stop(`runnel.js must import nothing, but imports ${imports.map(({ path }) => path).join(', ')}.`)
}

/** @param {string} site */
async function buildTypes(site) {
  const file = join(site, 'runnel.d.ts')
  // svelte-check has checked these types already; here they are only gathered.
  const args = [
    '--project',
    'tsconfig.json',
    '--no-check',
    '--no-banner',
    '--export-referenced-types=false',
    '-o',
    file,
    'sdk/runnel.ts'
  ]
  if ((await run('dts-bundle-generator', args, { quiet: true })) !== 0)
    throw new Stop('The types of runnel.js could not be gathered.')
  const types = await readFile(file, 'utf8')
  if (/\bfrom ['"]/.test(types)) throw new Stop('runnel.d.ts must stand alone, but imports another file.')
  await writeFile(file, `// The types of runnel.js, the notebook SDK of Runnel.\n${types}`)
}
