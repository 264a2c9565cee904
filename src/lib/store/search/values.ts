/**
 * What stands under a key among an experiment's active runs. A walk over its runs with one lookup each, grouped: 10,000 runs take
 * about as long as a search does.
 */
import { sql, type RawBuilder } from 'kysely'
import { unreachable } from '#lib/domain/errors.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { Field } from '#lib/domain/search/tree.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Reader } from '../database.ts'
import { NAN_KIND } from '../stored-values.ts'

export interface ValuesSearch {
  readonly experimentId: ExperimentId
  readonly field: Field
  /** Only values that hold this text, capitals or not. */
  readonly typed: string
}

export interface FieldValues {
  /** The values most runs have first, at most LIVE.fieldValues; none of a metric. */
  readonly values: readonly { readonly value: string; readonly runs: number }[]
  readonly more: boolean
  /** Of a metric: the least and the greatest last value that is a number; null when there is none. */
  readonly range: readonly [number, number] | null
}

const NOTHING: FieldValues = { values: [], more: false, range: null }

export async function fieldValues(r: Reader, { experimentId, field, typed }: ValuesSearch): Promise<FieldValues> {
  const id = Number(experimentId)
  switch (field.kind) {
    case 'metric':
      return { ...NOTHING, range: await metricRange(r, id, field.key) }
    case 'param':
    case 'tag':
      return commonest(r, id, pairs(field.kind === 'param' ? 'params' : 'tags', field.key), typed)
    case 'attribute':
      if (field.key === 'run_name') return commonest(r, id, pairs('tags', TAGS.runName), typed)
      return field.key === 'user_id'
        ? commonest(r, id, { from: sql``, value: sql.ref('runs.user_id') }, typed)
        : NOTHING
    case 'dataset':
      return commonest(r, id, datasets(field.key), typed)
    default:
      return unreachable(field)
  }
}

/** What is joined to each run, and which column of it is the value. */
interface Source {
  readonly from: RawBuilder<unknown>
  readonly value: RawBuilder<unknown>
}

// Cross joins are SQLite's way to say which table is walked: the runs.
const pairs = (table: 'params' | 'tags', key: string): Source => ({
  from: sql`cross join ${sql.table(table)} as pair on pair.run_uuid = runs.run_uuid and pair.key = ${key}`,
  value: sql.ref('pair.value')
})

function datasets(key: 'name' | 'digest' | 'context'): Source {
  const inputs = sql`cross join inputs on inputs.destination_type = 'RUN' and inputs.destination_id = runs.run_uuid
    and inputs.source_type = 'DATASET'`
  return key === 'context'
    ? {
        from: sql`${inputs} cross join input_tags on input_tags.input_uuid = inputs.input_uuid
          and input_tags.name = ${TAGS.dataContext}`,
        value: sql.ref('input_tags.value')
      }
    : {
        from: sql`${inputs} cross join datasets on datasets.dataset_uuid = inputs.source_id`,
        value: sql.ref(`datasets.${key}`)
      }
}

async function commonest(r: Reader, id: number, { from, value }: Source, typed: string): Promise<FieldValues> {
  const { rows } = await sql<{ value: string; n: number }>`
    select ${value} as value, count(*) as n from runs ${from}
    where runs.experiment_id = ${id} and runs.lifecycle_stage = 'active'
      and length(${value}) between 1 and ${LIVE.offeredValueLength} and instr(lower(${value}), lower(${typed})) > 0
    group by ${value} order by n desc, value limit ${LIVE.fieldValues + 1}`.execute(r.db)
  return {
    values: rows.slice(0, LIVE.fieldValues).map((row) => ({ value: row.value, runs: row.n })),
    more: rows.length > LIVE.fieldValues,
    range: null
  }
}

async function metricRange(r: Reader, id: number, key: string): Promise<readonly [number, number] | null> {
  const { rows } = await sql<{ least: number | null; greatest: number | null }>`
    select min(pair.value) as least, max(pair.value) as greatest from runs
    cross join latest_metrics as pair on pair.run_uuid = runs.run_uuid and pair.key = ${key}
    where runs.experiment_id = ${id} and runs.lifecycle_stage = 'active' and pair.is_nan <> ${sql.lit(NAN_KIND)}`.execute(
    r.db
  )
  const { least, greatest } = rows[0]!
  return least === null || greatest === null ? null : [least, greatest]
}
