// @ts-check
// npm run bench -- NAME [ARGS...]: run bench/NAME.ts on the built app. Its last line is one JSON object, {"bench": NAME, "figures": {...}}.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureChromium } from './chromium-install.mjs'
import { ensureInstalled } from './install.mjs'
import { root, run, runMain, Stop } from './project.mjs'

const folder = join(root, 'bench')

runMain(async () => {
  const [name, ...args] = process.argv.slice(2)
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
  if (name === undefined || !names.includes(name)) {
    throw new Stop(
      `${name === undefined ? 'Which bench?' : `There is no bench "${name}".`} npm run bench -- ${names.join(' | ')}`
    )
  }
  await ensureInstalled()
  process.env['RUNNEL_CHROMIUM'] = await ensureChromium()
  await ensureBuilt()
  process.exitCode = await run('node', [join(folder, `${name}.ts`), ...args])
})
