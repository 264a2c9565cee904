/** Looking for the keys of an experiment: an experiment may have more of them than a page can show or should be sent. */
import { sql, type RawBuilder } from 'kysely'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { lowerAscii } from '#lib/domain/search/text.ts'
import type { ColumnKind } from '#lib/domain/table-column.ts'
import type { Reader } from '../database.ts'

export interface KeySearch {
  /** Keys that hold this, whatever the case of ASCII letters; `''` for all. */
  readonly search: string
  readonly of: readonly ColumnKind[]
}

export interface FoundKey {
  readonly kind: ColumnKind
  readonly key: string
}

/** Results before causes, as a table shows them. */
export const COLUMN_KINDS = ['metric', 'param', 'tag'] as const satisfies readonly ColumnKind[]

/**
 * The keys that are found: metrics, params, tags; of each kind first those that begin with what is looked for, what a system logged
 * (`system/…`, `mlflow.…`) last, else in binary text order. Reads all keys of the experiment: 12,000 take some 10 ms.
 */
export async function searchKeys(r: Reader, id: ExperimentId, search: KeySearch): Promise<FoundKey[]> {
  if (search.of.length === 0) return []
  const { rows } = await sql<FoundKey>`
    select kind, key ${found(id, search)}
    order by case kind when 'metric' then 0 when 'param' then 1 else 2 end,
      instr(lower(key), ${lowerAscii(search.search)}) <> 1, key glob 'system/*' or key glob 'mlflow.*', key`.execute(
    r.db
  )
  return rows
}

/** At most `limit` keys of each kind, and how many there are. */
export async function firstKeys(
  r: Reader,
  id: ExperimentId,
  text: string,
  limit: number
): Promise<{ readonly keys: FoundKey[]; readonly totals: Record<ColumnKind, number> }> {
  const keys: FoundKey[] = []
  const totals = { metric: 0, param: 0, tag: 0 }
  for (const kind of COLUMN_KINDS) {
    const all = await searchKeys(r, id, { search: text, of: [kind] })
    totals[kind] = all.length
    keys.push(...all.slice(0, limit))
  }
  return { keys, totals }
}

function found(id: ExperimentId, { search, of }: KeySearch): RawBuilder<unknown> {
  return sql`from runnel_keys where experiment_id = ${Number(id)} and kind in (${sql.join([...of])})
    and instr(lower(key), ${lowerAscii(search)}) > 0`
}
