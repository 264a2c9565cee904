/** Comments on runs, and on points of their charts. */
import { absent } from '#lib/domain/errors.ts'
import type { CommentPoint, PointComment, RunComment } from '#lib/domain/comment.ts'
import { randomHex, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { Reader, Tx } from './database.ts'
import { getRunInfo } from './runs.ts'

const ID_BYTES = 16

/** Runs in the trash take comments, too. Fails with RESOURCE_DOES_NOT_EXIST when there is no such run. */
export async function addComment(
  tx: Tx,
  runId: RunId,
  { author, text, point }: Pick<RunComment, 'author' | 'text' | 'point'>
): Promise<string> {
  const id = randomHex(ID_BYTES)
  await putComment(tx, runId, { id, author, createdTime: tx.now, editedTime: null, text, point })
  return id
}

/** Fails with RESOURCE_DOES_NOT_EXIST when there is none. */
export async function editComment(tx: Tx, runId: RunId, id: string, text: string): Promise<void> {
  const known = (await commentsOf(tx, runId)).find((comment) => comment.id === id)
  if (known === undefined) throw absent('There is no such comment any more.')
  if (known.text !== text) await putComment(tx, runId, { ...known, text, editedTime: tx.now })
}

/** None of that id is fine. */
export async function deleteComment(tx: Tx, runId: RunId, id: string): Promise<void> {
  const info = await getRunInfo(tx, runId)
  await tx.db.deleteFrom('runnel_comments').where('run_uuid', '=', runId).where('comment_id', '=', id).execute()
  tx.changes.add('comment', { run: runId, experiment: info.experimentId })
}

/** The oldest first. */
export async function commentsOf(r: Reader, runId: RunId): Promise<RunComment[]> {
  const rows = await r.db.selectFrom('runnel_comments').selectAll().where('run_uuid', '=', runId).execute()
  return rows.map(({ comment_id, body }) => commentOf(comment_id, JSON.parse(body) as Json)).sort(byTime)
}

/** Comments on points of an experiment's active runs, the oldest first; of many the newest LIVE.pointComments. */
export async function pointCommentsOf(r: Reader, experimentId: ExperimentId): Promise<PointComment[]> {
  const rows = await r.db
    .selectFrom('runnel_comments')
    .innerJoin('runs', 'runs.run_uuid', 'runnel_comments.run_uuid')
    .select(['runnel_comments.run_uuid', 'comment_id', 'body'])
    .where('experiment_id', '=', Number(experimentId))
    .where('lifecycle_stage', '=', 'active')
    .execute()
  return rows
    .map(({ run_uuid, comment_id, body }) => ({
      ...commentOf(comment_id, JSON.parse(body) as Json),
      runId: run_uuid as RunId
    }))
    .filter((comment): comment is PointComment => comment.point !== null)
    .sort(byTime)
    .slice(-LIVE.pointComments)
}

async function putComment(tx: Tx, runId: RunId, { id, ...rest }: RunComment): Promise<void> {
  const info = await getRunInfo(tx, runId)
  const body = JSON.stringify(bodyOf(rest))
  await tx.db
    .insertInto('runnel_comments')
    .values({ run_uuid: runId, comment_id: id, body })
    .onConflict((conflict) => conflict.columns(['run_uuid', 'comment_id']).doUpdateSet({ body }))
    .execute()
  tx.changes.add('comment', { run: runId, experiment: info.experimentId })
}

const bodyOf = ({ author, createdTime, editedTime, text, point }: Omit<RunComment, 'id'>): Json => ({
  author,
  created: createdTime,
  edited: editedTime,
  text,
  point: point === null ? null : [point.key, point.step]
})

const byTime = (a: RunComment, b: RunComment): number => a.createdTime - b.createdTime || (a.id < b.id ? -1 : 1)

/** What came from another store may be of any shape. */
function commentOf(id: string, body: Json): RunComment {
  const fields = body !== null && typeof body === 'object' && !Array.isArray(body) ? (body as Record<string, Json>) : {}
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
  const time = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null)
  return {
    id,
    author: text(fields['author']),
    createdTime: time(fields['created']) ?? 0,
    editedTime: time(fields['edited']),
    text: text(fields['text']),
    point: pointOf(fields['point'])
  }
}

function pointOf(value: Json | undefined): CommentPoint | null {
  if (!Array.isArray(value)) return null
  const [key, step] = value as readonly Json[]
  return typeof key === 'string' && typeof step === 'number' ? { key, step } : null
}
