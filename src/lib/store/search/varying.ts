/** Which keys have different values among runs: what a table shows when it shows only what varies. */
import { sql, type RawBuilder } from 'kysely'
import type { RunId } from '#lib/domain/ids.ts'
import { columnName, isBestStep, type ColumnKind, type ColumnRef } from '#lib/domain/table-column.ts'
import { NAN_KIND } from '../stored-values.ts'
import type { Reader } from '../database.ts'

type Value = string | number | null

/** The least and the greatest value of one key among some runs, as SQL orders them; null when no run has a value that is a number. */
interface Extent {
  readonly key: string
  readonly low: Value
  readonly high: Value
  /** 1 when a run has NaN. */
  readonly nan: number
}

const VARIES = Symbol('two runs differ')

/** What is known of the keys of one kind and pick among the runs looked at so far: the one value all of them have, or that two differ. */
export class Extents {
  readonly #byKey = new Map<string, Value | typeof VARIES>()

  add(extents: readonly Extent[]): void {
    for (const extent of extents) {
      const known = this.#byKey.get(extent.key) ?? null
      const value = onlyValue(extent)
      if (known === null) this.#byKey.set(extent.key, value)
      else if (value !== null && !isSame(known, value)) this.#byKey.set(extent.key, VARIES)
    }
  }

  /** Whether two runs differ in it. NaN is the same as NaN and differs from every number; -0 is 0. */
  varies(key: string): boolean {
    return this.#byKey.get(key) === VARIES
  }
}

function onlyValue({ low, high, nan }: Extent): Value | typeof VARIES {
  if (low !== high || (nan === 1 && low !== null)) return VARIES
  return nan === 1 ? NaN : low
}

const isSame = (a: Value | typeof VARIES, b: Value | typeof VARIES): boolean =>
  a === b || (Number.isNaN(a) && Number.isNaN(b))

/** Columns of a kind and pick are looked at together. */
export const extentName = ({ kind, pick: which }: ColumnRef): string =>
  columnName({ kind, key: '', ...(which && { pick: which }) })

/**
 * Read what some runs have of columns like `like` (their kind and pick, any key). In slices, so that nobody waits for 10,000 runs.
 *
 * ids      at most some thousand: they are bound
 * fails    never; a value at the best step of another metric has no extent, see isBestStep
 */
export async function readExtents(r: Reader, like: ColumnRef, ids: readonly RunId[]): Promise<readonly Extent[]> {
  if (ids.length === 0 || isBestStep(like.pick)) return []
  const { rows } = await sql<Extent>`
    select key, ${ends(like)} from ${sql.table(TABLES[like.kind])} where run_uuid in (${sql.join([...ids])}) group by key`.execute(
    r.db
  )
  return rows
}

const TABLES = { param: 'params', tag: 'tags', metric: 'latest_metrics' } as const satisfies Record<ColumnKind, string>

function ends({ kind, pick: which = 'last' }: ColumnRef): RawBuilder<unknown> {
  if (kind !== 'metric') return sql`min(value) as low, max(value) as high, 0 as nan`
  if (which === 'min' || which === 'max') {
    const column = sql.ref(`${which}_value`)
    return sql`min(${column}) as low, max(${column}) as high, 0 as nan`
  }
  const number = sql`case when is_nan = ${sql.lit(NAN_KIND)} then null else value end`
  return sql`min(${number}) as low, max(${number}) as high, max(is_nan = ${sql.lit(NAN_KIND)}) as nan`
}
