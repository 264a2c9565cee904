/** Histories of one metric over many runs: what charts of several runs ask for over REST. */
import { sql } from 'kysely'
import type { RunId } from '#lib/domain/ids.ts'
import type { Point } from '#lib/domain/metric.ts'
import type { Reader } from './database.ts'
import { rowToPoint } from './metrics.ts'
import type { MetricsTable } from './schema.ts'

export interface RunPoint extends Point {
  readonly runId: RunId
}

/** At most `limit` points of all runs together, by run id, then timestamp, step and value. Unknown runs have none. */
export async function bulkHistory(
  r: Reader,
  runIds: readonly RunId[],
  key: string,
  limit: number
): Promise<RunPoint[]> {
  const rows = await r.db
    .selectFrom('metrics')
    .selectAll()
    .where('run_uuid', 'in', runIds)
    .where('key', '=', key)
    .orderBy('run_uuid')
    .orderBy('timestamp')
    .orderBy('step')
    .orderBy('value')
    .orderBy('is_nan')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...rowToPoint(row), runId: row.run_uuid as RunId }))
}

/** Steps, both included. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

/**
 * At most `most` (>= 1) points of a series, evenly sampled over its points in (step, timestamp, value) order: the first of as many buckets
 * of equal size, and always the very last, which takes the place of the last bucket's first.
 * source  MLflow's rule since 3.17; before, it sampled steps, which let a series that is all at one step come whole
 */
export async function sampledHistory(
  r: Reader,
  runId: RunId,
  key: string,
  most: number,
  range: StepRange | null
): Promise<Point[]> {
  const inRange = range === null ? sql`` : sql`and step between ${range.from} and ${range.to}`
  const points = sql`from metrics where run_uuid = ${runId} and key = ${key} ${inRange}`
  const counted = await sql<{ total: number }>`select count(*) as total ${points}`.execute(r.db)
  const { rows } = await sql<MetricsTable>`
    select * from (
      select step, timestamp, value, is_nan,
        row_number() over (order by step, timestamp, value, is_nan) - 1 as place ${points}
    ) as ranked
    where ${isSampled(counted.rows[0]?.total ?? 0, most)}
    order by place`.execute(r.db)
  return rows.map(rowToPoint)
}

/** Whether the point at `place` (from 0) of `total` is one of the sample: what NTILE would say, without a pass over all to number buckets. */
function isSampled(total: number, most: number) {
  if (total <= most) return sql`true`
  const size = Math.floor(total / most)
  // As many buckets hold one more, and they come first.
  const larger = total % most
  const rest = larger * (size + 1)
  return sql`place = ${total - 1} or place < ${total - size} and case
    when place < ${rest} then place % ${size + 1} = 0
    else (place - ${rest}) % ${size} = 0 end`
}
