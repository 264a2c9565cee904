/** Comments on runs and on points of their charts. Ids: CM. */
import { describe, expect, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import { LIMITS, LIVE } from '#lib/domain/limits.ts'
import { validateComment } from '#lib/domain/comment.ts'
import { addComment, commentsOf, deleteComment, editComment, pointCommentsOf } from '#lib/store/comments.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { moveRuns } from '#lib/store/run-moves.ts'
import { createRun, deleteRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { touches } from '#lib/live/touches.ts'
import { ENGINES, openTestStore } from '../support/engines.ts'

const point = { key: 'loss', step: 3 }
const say = (store: Store, run: RunId, text: string, at: typeof point | null = point) =>
  store.write((tx) => addComment(tx, run, { author: 'Ada', text, point: at }))

describe.each(ENGINES)('comments (%s)', (engine) => {
  const open = async () => {
    const { store } = await openTestStore(engine)
    const [here, there] = await Promise.all(
      ['here', 'there'].map((name) => store.write((tx) => createExperiment(tx, { name })))
    )
    const create = () => store.write((tx) => createRun(tx, { experimentId: here! }))
    const [one, other] = [(await create()).runId, (await create()).runId]
    // What is said in one millisecond is in no order that can be told beforehand.
    const textsOf = async (id: typeof here) =>
      (await store.read((r) => pointCommentsOf(r, id!))).map(({ runId, text }) => [text, runId]).sort()
    return { store, here: here!, there: there!, one, other, textsOf }
  }

  test('[CM1] of a run are all that was said of it, changed and taken back', async () => {
    const { store, one } = await open()
    const first = await say(store, one, 'first', null)
    const second = await say(store, one, 'second')
    await store.write((tx) => editComment(tx, one, first, 'first, again'))
    await store.write((tx) => deleteComment(tx, one, second))
    const comments = await store.read((r) => commentsOf(r, one))
    expect(comments).toMatchObject([{ id: first, author: 'Ada', text: 'first, again', point: null }])
    expect(comments[0]!.editedTime).not.toBeNull()
    await expect(store.write((tx) => editComment(tx, one, second, 'gone'))).rejects.toMatchObject({
      code: 'RESOURCE_DOES_NOT_EXIST'
    })
  })

  test('[CM2] of an experiment’s charts are those on points of its active runs, wherever the runs go', async () => {
    const { store, here, there, one, other, textsOf } = await open()
    await say(store, one, 'of no point', null)
    await say(store, one, 'of one')
    await say(store, other, 'of the other')
    expect(await textsOf(here)).toEqual([
      ['of one', one],
      ['of the other', other]
    ])
    await store.write((tx) => moveRuns(tx, [other], there))
    expect(await textsOf(here)).toEqual([['of one', one]])
    expect(await textsOf(there)).toEqual([['of the other', other]])
    await store.write((tx) => deleteRun(tx, one))
    expect(await textsOf(here)).toEqual([])
  })

  test('[CM3] of a chart are asked for again when something is said in the experiment, and when a run goes', async () => {
    const { store, here, there, one } = await open()
    const asked: boolean[][] = []
    store.changes.subscribe((change) =>
      asked.push(
        [here, there].map((experimentId) =>
          touches(change, { kind: 'point-comments', experimentId }, { experimentId: null })
        )
      )
    )
    await say(store, one, 'something')
    await store.write((tx) => deleteRun(tx, one))
    expect(asked).toEqual([
      [true, false],
      [true, false]
    ])
  })
})

test('[CM4] of an experiment with very many comments the newest are shown', async () => {
  const { store } = await openTestStore('node:sqlite')
  const experimentId = await store.write((tx) => createExperiment(tx, { name: 'much said' }))
  const { runId } = await store.write((tx) => createRun(tx, { experimentId }))
  await store.write(async (tx) => {
    for (let i = 0; i <= LIVE.pointComments; i++)
      await addComment({ ...tx, now: 1000 + i }, runId, { author: '', text: String(i), point })
  })
  const comments = await store.read((r) => pointCommentsOf(r, experimentId))
  expect([comments.length, comments[0]!.text]).toEqual([LIVE.pointComments, '1'])
})

test('[CM5] say something, and not too much', () => {
  expect(() => validateComment(' \n')).toThrow('must say something')
  expect(() => validateComment('x'.repeat(LIMITS.commentLength + 1))).toThrow(`${LIMITS.commentLength} characters`)
})
