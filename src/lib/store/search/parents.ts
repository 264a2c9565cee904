import { sql } from 'kysely'
import type { RunId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Reader } from '../database.ts'

/** Whom each run names as its parent, for all runs of the store that name one: the index of children holds nothing else. */
export async function parentsOfRuns(r: Reader): Promise<Map<RunId, RunId>> {
  const rows = await r.db
    .selectFrom('tags')
    .select(['run_uuid', 'value'])
    // Written out: an index on part of a table is used only when the condition can be seen.
    .where('key', '=', sql.lit(TAGS.parentRunId))
    .execute()
  return new Map(rows.map((row) => [row.run_uuid as RunId, row.value as RunId]))
}
