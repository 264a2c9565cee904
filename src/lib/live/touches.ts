import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { unreachable } from '#lib/domain/errors.ts'
import type { Change, ChangeKind } from '#lib/store/changes.ts'
import type { Query } from './protocol.ts'

/** What an answer turned out to depend on besides its query: the experiment of a run that was asked for by id. */
export interface Context {
  readonly experimentId: ExperimentId | null
}

const RUN_FACTS: readonly ChangeKind[] = ['run', 'param', 'metric', 'tag', 'dataset', 'experiment']

/** Whether a commit can have changed the answer to a query. A yes may be wrong; a no may not. */
export function touches(change: Change, query: Query, context: Context): boolean {
  const has = (...kinds: ChangeKind[]) => kinds.some((kind) => change.kinds.has(kind))
  switch (query.kind) {
    case 'experiments':
      return has('experiment', 'run')
    case 'trash':
      // A deleted model's files count among what is in the trash.
      return has('experiment', 'run', 'artifact', 'logged-model')
    case 'experiment':
      return has('experiment', 'run') && change.experiments.has(query.experimentId)
    case 'runs':
      return (
        RUN_FACTS.some((kind) => change.kinds.has(kind)) && query.experimentIds.some((id) => change.experiments.has(id))
      )
    case 'columns':
      return (
        (has('key', 'experiment') || (query.varying !== null && has(...RUN_FACTS))) &&
        change.experiments.has(query.experimentId)
      )
    case 'keys':
      return has('key', 'experiment') && change.experiments.has(query.experimentId)
    case 'values':
      return has('run', 'param', 'tag', 'metric', 'dataset') && change.experiments.has(query.experimentId)
    case 'views':
      return has('view', 'experiment') && change.experiments.has(query.experimentId)
    case 'run':
      // A run of any experiment may name this one as its parent, and the run's own experiment may be renamed or deleted. A version is
      // registered by a name, whichever run it came from, and a run may be fed a model of any experiment.
      return (
        touchesRun(change, query.runId) ||
        has('run', 'tag', 'logged-model', 'registered-model') ||
        (has('experiment') && touchesExperiment(change, context))
      )
    case 'chart':
      return has('metric', 'run') && query.runIds.some((id) => touchesRun(change, id))
    case 'artifacts':
      // A model's files are no run's. What clients write to a folder of the host's disk is announced by nobody: it is looked for again when
      // they say that they are done, say.
      return query.modelId === undefined
        ? has('artifact', 'run') && touchesRun(change, query.runId)
        : has('artifact', 'logged-model')
    case 'settings':
      return has('setting', 'grant')
    case 'storage':
      return true
    case 'notebooks':
    case 'file-work':
      // Who does it says so itself: nothing of it is in the store.
      return false
    case 'sharing':
      return has('room') && change.experiments.has(query.experimentId)
    case 'sync':
    case 'sync-settings':
      // Whoever shares says so itself.
      return has('room')
    case 'comments':
      return has('comment') && touchesRun(change, query.runId)
    case 'point-comments':
      return has('comment', 'run', 'experiment') && change.experiments.has(query.experimentId)
    default:
      return unreachable(query)
  }
}

const touchesRun = (change: Change, id: RunId): boolean => change.runs.has(id)

const touchesExperiment = (change: Change, { experimentId }: Context): boolean =>
  experimentId !== null && change.experiments.has(experimentId)
