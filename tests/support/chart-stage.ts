import { readFile, rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build } from 'vite'

/**
 * A page with the app's chart components and nothing else, as HTML of one piece: `globalThis.chartStage.show(scene)` puts panels on it.
 * See chart-stage/main.ts.
 */
export const chartStagePage = async (): Promise<string> => {
  const root = fileURLToPath(new URL('./chart-stage/', import.meta.url))
  const out = await mkdtemp(join(tmpdir(), 'runnel-chart-stage-'))
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'warn',
      plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
      build: {
        outDir: out,
        target: 'es2022',
        minify: false,
        lib: { entry: join(root, 'main.ts'), formats: ['iife'], name: 'stage', fileName: 'stage', cssFileName: 'stage' }
      }
    })
    const script = await readFile(join(out, 'stage.iife.js'), 'utf8')
    const style = await readFile(join(out, 'stage.css'), 'utf8')
    return `<!doctype html><meta charset="utf-8"><title>charts</title><style>${style} body { padding: 0 }</style><body><script>${script.replaceAll('</script', '<\\/script')}</script>`
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
