import type { MovedRun, RunName, RunState, RunTag } from '#lib/domain/bulk.ts'
import { invalid } from '#lib/domain/errors.ts'
import { parseExperimentId, parseRunId, type RunId } from '#lib/domain/ids.ts'
import { BULK, LIVE } from '#lib/domain/limits.ts'
import { isRunStatus, isTerminal } from '#lib/domain/run.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { validateRunTag, validateTagKey } from '#lib/domain/validate.ts'
import type { Tx } from '#lib/store/database.ts'
import { moveRuns, moveRunsBack, withDescendants } from '#lib/store/run-moves.ts'
import { deleteRun, requireActiveRun, restoreRun, setRunState, updateRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { deleteRunTag, setRunTags, tagsOfRuns } from '#lib/store/tags.ts'
import { BestSteps } from './best-steps.ts'
import type { Commands } from './protocol.ts'
import { runRows } from './runs-view.ts'

type BulkCommands = Pick<
  Commands,
  | 'deleteRuns'
  | 'restoreRuns'
  | 'renameRuns'
  | 'tagRuns'
  | 'endRuns'
  | 'setRunStates'
  | 'withDescendants'
  | 'moveRuns'
  | 'moveRunsBack'
  | 'runRows'
>

/** What is done to many runs at once: each call is one transaction, and resolves with what undoes it. */
export function createBulkCommands(store: Store): BulkCommands {
  return {
    deleteRuns: (ids) => store.write((tx) => changedBy(tx, ids, deleteRun)),
    restoreRuns: (ids) => store.write((tx) => changedBy(tx, ids, restoreRun)),
    renameRuns: (names) => {
      for (const { name } of few(names)) if (name.trim() === '') throw invalid('A run needs a name.')
      return store.write((tx) => inTurn(names, (each) => rename(tx, each)))
    },
    tagRuns: (tags) => {
      for (const tag of few(tags)) validateTag(tag)
      return store.write(async (tx) => (await inTurn(tags, (tag) => putTag(tx, tag))).reverse())
    },
    endRuns: (ids, status) => {
      if (!isRunStatus(status) || !isTerminal(status))
        throw invalid(`${JSON.stringify(status)} is no way to end a run.`)
      const runs = few(ids).map(parseRunId)
      return store.write((tx) => inTurn(runs, (id) => end(tx, id, status)))
    },
    setRunStates: (states) => {
      for (const { status, endTime } of few(states)) {
        if (!isRunStatus(status)) throw invalid(`Unknown run status ${JSON.stringify(status)}.`)
        if (endTime !== null && !Number.isSafeInteger(endTime)) throw invalid('A run ends at a whole millisecond.')
      }
      return store.write(async (tx) => {
        for (const state of states) await setRunState(tx, { ...state, runId: parseRunId(state.runId) })
      })
    },
    withDescendants: (ids) => {
      const runs = few(ids).map(parseRunId)
      return store.read((r) => withDescendants(r, runs))
    },
    moveRuns: (ids, to) => {
      const [runs, experiment] = [few(ids).map(parseRunId), parseExperimentId(to)]
      return store.write((tx) => moveRuns(tx, runs, experiment))
    },
    moveRunsBack: (moved) => {
      const runs = few(moved).map(({ runId, experimentId, number }): MovedRun => {
        return { runId: parseRunId(runId), experimentId: parseExperimentId(experimentId), number }
      })
      return store.write((tx) => moveRunsBack(tx, runs))
    },
    runRows: (ids, columns) => {
      if (columns.length > LIVE.columns) throw invalid(`At most ${LIVE.columns} columns are copied at once.`)
      const runs = few(ids).map(parseRunId)
      return runRows(store, runs, columns, new BestSteps())
    }
  }
}

/** Fails for what is no list, or holds more than one transaction should. */
function few<T>(items: readonly T[]): readonly T[] {
  const isList: boolean = Array.isArray(items)
  if (!isList) throw invalid('Runs come as a list.')
  if (items.length > BULK.commandRuns)
    throw invalid(`At most ${BULK.commandRuns} runs at once; these are ${items.length}.`)
  return items
}

async function inTurn<T, Result>(items: readonly T[], work: (item: T) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}

async function changedBy(tx: Tx, ids: readonly RunId[], change: typeof deleteRun): Promise<RunId[]> {
  const changed: RunId[] = []
  for (const id of new Set(ids)) if (await change(tx, parseRunId(id))) changed.push(id)
  return changed
}

async function rename(tx: Tx, { runId, name }: RunName): Promise<RunName> {
  const before = await requireActiveRun(tx, parseRunId(runId))
  await updateRun(tx, before.runId, { name })
  return { runId, name: before.name }
}

function validateTag({ key, value }: RunTag): void {
  if (key === TAGS.runName) throw invalid('A run’s name is changed by renaming it.')
  if (value === null) validateTagKey(key)
  else validateRunTag({ key, value })
}

/** Returns what stood there. A tag that is not there need not be taken away. */
async function putTag(tx: Tx, { runId, key, value }: RunTag): Promise<RunTag> {
  const run = await requireActiveRun(tx, parseRunId(runId))
  const before = (await tagsOfRuns(tx, [run.runId], [key])).get(run.runId)?.[0]
  if (value !== null) await setRunTags(tx, run, [{ key, value }])
  else if (before) await deleteRunTag(tx, run, key)
  return { runId, key, value: before?.value ?? null }
}

async function end(tx: Tx, id: RunId, status: RunState['status']): Promise<RunState> {
  const { runId, status: earlier, endTime } = await requireActiveRun(tx, id)
  await setRunState(tx, { runId, status, endTime: endTime ?? tx.now })
  return { runId, status: earlier, endTime }
}
