import { type RunnelError, invalid } from '#lib/domain/errors.ts'
import { isRunId, parseExperimentId, type ExperimentId, type ModelId, type RunId } from '#lib/domain/ids.ts'
import type { Reader } from '#lib/store/database.ts'
import {
  deletedExperimentsOlderThan,
  deletedLoggedModelsOlderThan,
  deletedRunsOlderThan,
  type Doomed
} from '#lib/store/trash.ts'

/** What somebody wants to be rid of. A list is null when it was not given. */
export interface Selection {
  readonly runs: readonly string[] | null
  readonly experiments: readonly string[] | null
  readonly loggedModels: readonly string[] | null
  /** As it was written, for the messages. */
  readonly olderThan: string | null
  readonly olderThanMs: number
}

/**
 * What of the trash is meant. Lists mean exactly what they name: with any list given, kinds without one are left alone. MLflow goes on to
 * everything of those kinds, which nobody who names a run expects.
 *
 * now    epoch ms
 * fails  INVALID_PARAMETER_VALUE when something named is not in the trash, or has not been there long enough
 */
export const selectDoomed = async (r: Reader, selection: Selection, now: number): Promise<Doomed> => {
  const { runs, experiments, loggedModels, olderThan } = selection
  const time = now - selection.olderThanMs
  const isAll = runs === null && experiments === null && loggedModels === null
  const pick = async <Id extends string>(
    kind: Kind,
    named: readonly Id[] | null,
    find: (r: Reader, time: number) => Promise<Id[]>
  ): Promise<Id[]> => {
    if (named === null) return isAll ? find(r, time) : []
    const old = new Set(await find(r, time))
    const missing = named.filter((id) => !old.has(id))
    if (missing.length > 0)
      throw await refusal(kind, missing, olderThan, new Set(await find(r, Number.MAX_SAFE_INTEGER)))
    return [...named]
  }
  return {
    runs: await pick<RunId>('Run', runs && runs.map(parseRun), deletedRunsOlderThan),
    experiments: await pick<ExperimentId>(
      'Experiment',
      experiments && experiments.map(parseExperimentId),
      deletedExperimentsOlderThan
    ),
    loggedModels: await pick<ModelId>(
      'Logged model',
      loggedModels as readonly ModelId[] | null,
      deletedLoggedModelsOlderThan
    )
  }
}

type Kind = 'Run' | 'Experiment' | 'Logged model'

const parseRun = (text: string): RunId => {
  if (!isRunId(text)) throw invalid(`"${text}" is not the ID of a run.`)
  return text
}

/** In MLflow's words. */
const refusal = async (
  kind: Kind,
  missing: readonly string[],
  olderThan: string | null,
  inTrash: ReadonlySet<string>
): Promise<RunnelError> => {
  const stray = missing.filter((id) => !inTrash.has(id))
  return stray.length > 0
    ? invalid(
        `${kind} ${stray.join(', ')} is not in \`deleted\` lifecycle stage. Only ${kind.toLowerCase()}s in \`deleted\` lifecycle stage can be deleted.`
      )
    : invalid(
        `${kind} ${missing.join(', ')} is not older than the required age. Only ${kind.toLowerCase()}s older than ${olderThan ?? ''} can be deleted.`
      )
}
