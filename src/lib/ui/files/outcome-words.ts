/** What came of a file, in words. */
import type { MergeOutcome } from '#lib/live/protocol.ts'
import { formatExactTime, plural, quoteName } from '../shared/format.ts'

export interface OutcomeWords {
  readonly message: string
  /** Something is to be done, or was not taken: it stays on the screen. */
  readonly kind: 'done' | 'failed'
}

/** `file` is what it was called. */
export function outcomeWords(file: string, { experiments, registry, failed, isStopped }: MergeOutcome): OutcomeWords {
  const sum = (of: (one: MergeOutcome['experiments'][number]) => number): number =>
    experiments.reduce((total, one) => total + of(one), 0)
  const came = cameWords({
    experiments: sum(({ isNew }) => Number(isNew)),
    runs: sum(({ newRuns }) => newRuns),
    versions: registry?.newVersions ?? 0,
    changed: sum(({ changedRuns }) => changedRuns),
    models: registry?.isChanged ?? false,
    others: sum(({ isChanged }) => Number(isChanged))
  })
  const left = [
    ...failed.map(({ name, message }) => `${quoteName(name)} was left out. ${message}`),
    ...leftWords(
      sum(({ tooLarge }) => tooLarge),
      sum(({ missingFiles }) => missingFiles),
      sum(({ missingPoints }) => missingPoints)
    ),
    ...aheadWords(Math.max(0, ...[...experiments, registry].map((one) => one?.aheadUntil ?? 0))),
    ...(isStopped ? ['It was stopped: open the file again for the rest.'] : [])
  ]
  const nothing = left.length > 0 ? 'Nothing new came.' : 'Nothing new: all of it was here.'
  return {
    message: [`${quoteName(file)}:`, came ?? nothing, ...left].join(' '),
    kind: left.length > 0 ? 'failed' : 'done'
  }
}

interface Came {
  readonly experiments: number
  readonly runs: number
  readonly versions: number
  readonly changed: number
  /** Whether anything was new in the model registry. */
  readonly models: boolean
  /** Experiments of which anything was new. */
  readonly others: number
}

function cameWords({ experiments, runs, versions, changed, models, others }: Came): string | null {
  const came = [
    ...(experiments > 0 ? [plural(experiments, 'experiment')] : []),
    ...(runs > 0 ? [plural(runs, 'run')] : []),
    ...(versions > 0 ? [`${plural(versions, 'version')} of models`] : [])
  ]
  const parts = [
    ...(came.length > 0 ? [`${listed(came)} came`] : []),
    ...(changed > 0 ? [`${plural(changed, 'run')} changed`] : [])
  ]
  if (parts.length > 0) return `${parts.join(', ')}.`
  const changes = [...(others > 0 ? [plural(others, 'experiment')] : []), ...(models ? ['the models'] : [])]
  return changes.length > 0 ? `${sentence(listed(changes))} changed.` : null
}

const listed = (parts: readonly string[]): string =>
  parts.length < 3 ? parts.join(' and ') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function leftWords(tooLarge: number, files: number, points: number): string[] {
  const missing = [
    ...(files > 0 ? [plural(files, 'file')] : []),
    ...(points > 0 ? [`${plural(points, 'part')} of metrics`] : [])
  ]
  return [
    ...(missing.length > 0
      ? [`Not here yet: ${missing.join(' and ')}. Export from where they were logged, and open that file.`]
      : []),
    ...(tooLarge > 0 ? [`Left out, larger than can be kept here: ${plural(tooLarge, 'file')}.`] : [])
  ]
}

const aheadWords = (until: number): string[] =>
  until === 0
    ? []
    : [
        `Some of it is said to be of ${formatExactTime(until)}, which is to come. Set the clock of this computer right if it is behind; else open the file again then.`
      ]
