import { RunnelError } from '#lib/domain/errors.ts'
import { parseRunId } from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { validateMetricKey } from '#lib/domain/validate.ts'
import type { Tx } from '#lib/store/database.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { requireActiveRun } from '#lib/store/runs.ts'
import type { PointColumns } from './protocol.ts'
import { isRefusal, type Refusals } from './refusals.ts'

/** Points of one message that are still to be written: those from index `skip` on; the first of all has number `from`. */
export interface PointPut {
  readonly from: number
  readonly skip: number
  readonly points: PointColumns
}

/** One series' points across all the messages of a write. */
interface SeriesGroup {
  readonly runId: string
  readonly key: string
  count: number
  filled: number
  steps: Float64Array<ArrayBuffer>
  timestamps: Float64Array<ArrayBuffer>
  values: Float64Array<ArrayBuffer>
}

const none = new Float64Array()

/**
 * Write the points of consecutive messages, one chunk per series: longer chunks are what makes ingestion fast.
 * A series whose run may not be written to, or whose key is wrong, is refused as a whole; the others are kept.
 */
export async function writePoints(tx: Tx, puts: readonly PointPut[], refusals: Refusals): Promise<void> {
  const groups = new Map<string, SeriesGroup>()
  const groupOf = puts.map(({ points }) => points.series.map(([runId, key]) => groupFor(groups, runId, key)))
  gather(puts, groupOf)
  const refused = new Map<SeriesGroup, RunnelError>()
  const runs = new Map<string, RunInfo>()
  const writable = new Map<RunInfo, Map<string, SeriesGroup>>()
  for (const group of groups.values()) {
    if (group.count === 0) continue
    // The rules are asked before anything is written, so a refusal leaves nothing to undo.
    const run = await runToWrite(tx, group, runs)
    if (run instanceof RunnelError) {
      refused.set(group, run)
      continue
    }
    const byKey = writable.get(run) ?? new Map<string, SeriesGroup>()
    writable.set(run, byKey.set(group.key, group))
  }
  for (const [run, byKey] of writable) await logSeries(tx, run, byKey)
  if (refused.size > 0) note(puts, groupOf, refused, refusals)
}

/** The run of a series, or why the series may not be written. */
async function runToWrite(
  tx: Tx,
  { runId, key }: SeriesGroup,
  runs: Map<string, RunInfo>
): Promise<RunInfo | RunnelError> {
  try {
    validateMetricKey(key)
    const known = runs.get(runId)
    if (known !== undefined) return known
    const run = await requireActiveRun(tx, parseRunId(runId))
    runs.set(runId, run)
    return run
  } catch (error) {
    if (!isRefusal(error)) throw error
    return error
  }
}

function groupFor(groups: Map<string, SeriesGroup>, runId: string, key: string): SeriesGroup {
  // The length in front keeps ('a', 'b c') and ('a b', 'c') apart.
  const name = `${runId.length} ${runId}${key}`
  let group = groups.get(name)
  if (group === undefined) {
    group = { runId, key, count: 0, filled: 0, steps: none, timestamps: none, values: none }
    groups.set(name, group)
  }
  return group
}

function gather(puts: readonly PointPut[], groupOf: readonly (readonly SeriesGroup[])[]): void {
  puts.forEach(({ skip, points: { k } }, at) => {
    const own = groupOf[at]!
    for (let i = skip; i < k.length; i++) own[k[i]!]!.count++
  })
  for (const group of new Set(groupOf.flat())) {
    group.steps = new Float64Array(group.count)
    group.timestamps = new Float64Array(group.count)
    group.values = new Float64Array(group.count)
  }
  puts.forEach(({ skip, points: { k, s, t, v } }, at) => {
    const own = groupOf[at]!
    for (let i = skip; i < k.length; i++) {
      const group = own[k[i]!]!
      const to = group.filled++
      group.steps[to] = s[i]!
      group.timestamps[to] = t[i]!
      group.values[to] = v[i]!
    }
  })
}

function note(
  puts: readonly PointPut[],
  groupOf: readonly (readonly SeriesGroup[])[],
  refused: ReadonlyMap<SeriesGroup, RunnelError>,
  refusals: Refusals
): void {
  puts.forEach(({ from, skip, points: { k } }, at) => {
    for (let i = skip; i < k.length; i++) {
      const error = refused.get(groupOf[at]![k[i]!]!)
      if (error !== undefined) refusals.add(from + i, error)
    }
  })
}
