/** Notes as tags: of an experiment (`exp`) and its runs. */
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { noteKey } from '../keys.ts'
import { findRunInfo } from '../runs.ts'

export type NoteOf = RunId | 'exp'

export async function noteTagsOf(r: Reader, id: ExperimentId): Promise<Map<NoteOf, string>> {
  const rows = await r.db
    .selectFrom('tags')
    .innerJoin('runs', 'runs.run_uuid', 'tags.run_uuid')
    .select(['tags.run_uuid', 'tags.value'])
    .where('runs.experiment_id', '=', Number(id))
    .where('tags.key', '=', TAGS.note)
    .execute()
  const notes = new Map<NoteOf, string>(rows.map((row) => [row.run_uuid as RunId, row.value]))
  const own = await noteTagOf(r, id, 'exp')
  if (own !== null && own !== '') notes.set('exp', own)
  return notes
}

/** '' for none; null when there is no such run in the experiment. */
export async function noteTagOf(r: Reader, id: ExperimentId, of: NoteOf): Promise<string | null> {
  if (of === 'exp') {
    const row = await r.db
      .selectFrom('experiment_tags')
      .select('value')
      .where('experiment_id', '=', Number(id))
      .where('key', '=', TAGS.note)
      .executeTakeFirst()
    return row?.value ?? ''
  }
  const run = await findRunInfo(r, of)
  if (run?.experimentId !== id) return null
  const row = await r.db
    .selectFrom('tags')
    .select('value')
    .where('run_uuid', '=', of)
    .where('key', '=', TAGS.note)
    .executeTakeFirst()
  return row?.value ?? ''
}

/** The same of some notes, in as few questions as there are parts. */
export async function noteTagsAmong(
  r: Reader,
  id: ExperimentId,
  all: Iterable<NoteOf>
): Promise<Map<NoteOf, string | null>> {
  const notes = new Map<NoteOf, string | null>()
  for (const of of all) notes.set(of, of === 'exp' ? await noteTagOf(r, id, of) : null)
  for (const part of chunks([...notes.keys()].filter((of) => of !== 'exp'))) {
    const rows = await r.db
      .selectFrom('runs')
      .leftJoin('tags', (join) => join.onRef('tags.run_uuid', '=', 'runs.run_uuid').on('tags.key', '=', TAGS.note))
      .select(['runs.run_uuid', 'tags.value'])
      .where('runs.experiment_id', '=', Number(id))
      .where('runs.run_uuid', 'in', part)
      .execute()
    for (const { run_uuid, value } of rows) notes.set(run_uuid as RunId, value ?? '')
  }
  return notes
}

/** Returns false, and does nothing, when there is no such run in the experiment. */
export async function putNoteTag(tx: Tx, id: ExperimentId, of: NoteOf, text: string): Promise<boolean> {
  if (of === 'exp') {
    await tx.db
      .insertInto('experiment_tags')
      .values({ experiment_id: Number(id), key: TAGS.note, value: text })
      .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value: text }))
      .execute()
    tx.changes.add('experiment', { experiment: id })
    return true
  }
  const run = await findRunInfo(tx, of)
  if (run?.experimentId !== id) return false
  await tx.db
    .insertInto('tags')
    .values({ run_uuid: of, key: TAGS.note, value: text })
    .onConflict((conflict) => conflict.columns(['run_uuid', 'key']).doUpdateSet({ value: text }))
    .execute()
  await noteKey(tx, id, 'tag', TAGS.note)
  tx.changes.add('tag', { run: of, experiment: id })
  return true
}
