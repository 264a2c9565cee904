import { existsSync } from 'node:fs'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Store } from '#lib/store/store.ts'
import { storePlace } from '../config.ts'
import { storeOptions } from '../server-options.ts'
import { command } from './command.ts'
import { toJson } from './experiments.ts'
import { selectDoomed, type Selection } from './gc-selection.ts'
import { UsageError } from './flags.ts'
import type { Io } from './io.ts'

export const gc = command({
  summary: 'Delete for good what is in the trash: runs, experiments, logged models and their artifacts.',
  flags: {
    'older-than': { value: 'AGE', help: 'only what has been there for longer: 30d, 1d2h3.5m4s' },
    'run-ids': { value: 'LIST', help: 'these runs, by comma' },
    'experiment-ids': { value: 'LIST', help: 'these experiments with all that is in them, by comma' },
    'logged-model-ids': { value: 'LIST', help: 'these logged models, by comma' },
    'dry-run': { help: 'only say what would go' },
    ...storeOptions,
    'tracking-uri': { value: 'URI', help: 'taken for MLflow’s sake; the store itself knows where artifacts are' },
    json: { help: 'print JSON' }
  },
  notes: `A list means: these and nothing else. (MLflow's gc with a list of one kind still deletes everything of the other kinds.)
What is not in the trash is never deleted: naming it is an error, and then nothing is deleted at all.
It needs the store to itself: stop the host first.`,
  run: async (given, io) => {
    const selection: Selection = {
      runs: readIds(given['run-ids']),
      experiments: readIds(given['experiment-ids']),
      loggedModels: readIds(given['logged-model-ids']),
      olderThan: given['older-than'] ?? null,
      olderThanMs: parseAge(given['older-than'])
    }
    const place = storePlace(given, io.cwd)
    if (!existsSync(place.databaseFile))
      throw new RunnelError('RESOURCE_DOES_NOT_EXIST', `There is no store in ${place.databaseFile}.`)
    const { openStore } = await import('../store/store-place.ts')
    const opened = await openStore(place, (reason) => io.err(`${reason}\n`))
    try {
      await collect(opened.store, selection, { isDry: given['dry-run'] === true, json: given.json === true }, io)
    } finally {
      await opened.close()
    }
  }
})

const collect = async (
  store: Store,
  selection: Selection,
  { isDry, json }: { readonly isDry: boolean; readonly json: boolean },
  io: Io
): Promise<void> => {
  const doomed = await store.read((r) => selectDoomed(r, selection, store.now()))
  const ids = {
    run_ids: doomed.runs,
    experiment_ids: doomed.experiments,
    logged_model_ids: doomed.loggedModels
  }
  if (!isDry) {
    const { deleteForGood } = await import('#lib/store/trash.ts')
    await deleteForGood(store, () => Promise.resolve(doomed), 'command line')
    await store.sweepBlobs()
  }
  if (json) return io.out(toJson({ ...ids, dry_run: isDry }))
  const ending = isDry ? 'would be permanently deleted' : 'has been permanently deleted'
  for (const id of doomed.runs) io.out(`Run with ID ${id} ${ending}.\n`)
  for (const id of doomed.loggedModels) io.out(`Logged model with ID ${id} ${ending}.\n`)
  for (const id of doomed.experiments) io.out(`Experiment with ID ${id} ${ending}.\n`)
  if (Object.values(ids).every((list) => list.length === 0)) io.err('There is nothing to delete.\n')
}

const readIds = (text: string | undefined): readonly string[] | null => {
  if (text === undefined) return null
  const ids = text.split(',').map((id) => id.trim())
  if (ids.some((id) => id === '')) throw new UsageError(`A list of ids is by comma, without gaps, not "${text}".`)
  return [...new Set(ids)]
}

/** `#d#h#m#s`, each part a number and none needed, in milliseconds. */
const parseAge = (text: string | undefined): number => {
  if (text === undefined) return 0
  const found = /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/.exec(text)
  const [days, hours, minutes, seconds] = (found ?? []).slice(1).map((part) => Number(part ?? 0))
  const total = (((days ?? NaN) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
  if (text === '' || Number.isNaN(total))
    throw new UsageError(`--older-than must be such as 8h, 2d8h5m20s or 2m4s, not "${text}".`)
  return Math.floor(total * 1000)
}
