/** What people and programs do to a model registry: as `ops.ts` of experiments. */
import { DELETED_STAGE, STAGES } from '#lib/domain/model-version.ts'
import type { Tx } from '#lib/store/database.ts'
import { deleteModelAlias, setModelAlias } from '#lib/store/model-aliases.ts'
import {
  deleteModelVersion,
  deleteModelVersionTag,
  setModelVersionTag,
  transitionModelVersion,
  updateModelVersion
} from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel
} from '#lib/store/registered-models.ts'
import { getRunInfos } from '#lib/store/runs.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { Random } from '../bend.ts'
import type { Peer } from './peer.ts'

/** Few, and mostly one, so that they meet. */
const NAMES = ['Forest', 'Forest', 'Forest', 'Wood 50%', 'Ü']
const ALIASES = ['champion', 'next']
const KEYS = ['a', 'b']

interface Version {
  readonly name: string
  readonly version: number
}

type Op = (tx: Tx, random: Random, version: Version | null) => Promise<unknown>

const word = (random: Random): string => `w${random.integer(5)}`

/** On one of the versions that are there. */
const onVersion =
  (fn: (tx: Tx, random: Random, version: Version) => Promise<unknown>): Op =>
  (tx, random, version) =>
    version === null ? Promise.resolve() : fn(tx, random, version)

/** With how often each is done. */
const OPS: readonly (readonly [number, string, Op])[] = [
  [
    6,
    'create registered model',
    (tx, random) =>
      createRegisteredModel(tx, { name: random.pick(NAMES), tags: [{ key: random.pick(KEYS), value: word(random) }] })
  ],
  [
    12,
    'register version',
    async (tx, random) => {
      const tags = random.integer(2) === 0 ? [{ key: 'a', value: word(random) }] : []
      return createModelVersion(tx, { name: random.pick(NAMES), tags, ...(await originIn(tx, random)) })
    }
  ],
  [5, 'set alias', onVersion((tx, random, v) => setModelAlias(tx, v.name, random.pick(ALIASES), v.version))],
  [2, 'delete alias', (tx, random) => deleteModelAlias(tx, random.pick(NAMES), random.pick(ALIASES))],
  [
    5,
    'set stage',
    onVersion((tx, random, v) => {
      const stage = random.pick(STAGES)
      const archiveExisting = (stage === 'Staging' || stage === 'Production') && random.integer(2) === 0
      return transitionModelVersion(tx, v.name, v.version, { stage, archiveExisting })
    })
  ],
  [
    3,
    'tag version',
    onVersion((tx, random, v) =>
      setModelVersionTag(tx, v.name, v.version, { key: random.pick(KEYS), value: word(random) })
    )
  ],
  [2, 'untag version', onVersion((tx, random, v) => deleteModelVersionTag(tx, v.name, v.version, random.pick(KEYS)))],
  [
    2,
    'describe version',
    onVersion((tx, random, v) => updateModelVersion(tx, v.name, v.version, random.pick([word(random), null])))
  ],
  [3, 'delete version', onVersion((tx, _, v) => deleteModelVersion(tx, v.name, v.version))],
  [
    2,
    'tag registered model',
    (tx, random) => setRegisteredModelTag(tx, random.pick(NAMES), { key: random.pick(KEYS), value: word(random) })
  ],
  [1, 'untag registered model', (tx, random) => deleteRegisteredModelTag(tx, random.pick(NAMES), random.pick(KEYS))],
  [1, 'describe registered model', (tx, random) => updateRegisteredModel(tx, random.pick(NAMES), word(random))],
  [2, 'rename registered model', (tx, random) => renameRegisteredModel(tx, random.pick(NAMES), random.pick(NAMES))],
  [1, 'delete registered model', (tx, random) => deleteRegisteredModel(tx, random.pick(NAMES))]
]

const TOTAL = OPS.reduce((sum, [weight]) => sum + weight, 0)

/** Of a run that is here, now and then. */
async function originIn(tx: Tx, random: Random): Promise<{ readonly source: string; readonly runId?: string }> {
  const rows = await tx.db.selectFrom('runs').select('run_uuid').orderBy('run_uuid').execute()
  if (rows.length === 0 || random.integer(3) > 0) return { source: `s3://models/${word(random)}` }
  const [run] = await getRunInfos(tx, [random.pick(rows).run_uuid as RunId])
  return { source: `${run!.artifactUri}/model`, runId: run!.runId }
}

/** What is to be done next, and how it is called. */
export function nextRegistryOp(random: Random): {
  readonly name: string
  readonly run: (peer: Peer) => Promise<unknown>
} {
  let left = random.integer(TOTAL)
  const [, name, op] = OPS.find(([weight]) => (left -= weight) < 0)!
  return { name, run: (peer) => peer.store.write(async (tx) => op(tx, random, await anyVersion(tx, random))) }
}

async function anyVersion(tx: Tx, random: Random): Promise<Version | null> {
  const rows = await tx.db
    .selectFrom('model_versions')
    .select(['name', 'version'])
    .where('current_stage', '!=', DELETED_STAGE)
    .orderBy('runnel_id')
    .execute()
  return rows.length === 0 ? null : random.pick(rows)
}
