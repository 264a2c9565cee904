import { expect, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartAnswer } from './protocol.ts'
import { ChartState } from './query-state.svelte.ts'

const none = new Float64Array()

function answerOf(...y: number[]): ChartAnswer {
  const x = Float64Array.from(y, (_, at) => at)
  const raw = { x, y: Float64Array.from(y), count: y.length, sampled: false, nanX: none, posInfX: none, negInfX: none }
  const counts = { nanCount: 0, posInfCount: 0, negInfCount: 0 }
  return { lines: [{ runId: 'r' as RunId, raw: { ...raw, ...counts }, smooth: null, unplaced: 0 }], bands: null }
}

test('[CQ9] a chart waits from the moment its question changes, and what it showed of a range is there when that is gone back to', () => {
  let text = '"whole"'
  const state = new ChartState(() => text)
  expect([state.loading, state.current]).toEqual([true, undefined])
  state.ask(text)
  const whole = answerOf(1, 2, 3)
  state.answer(whole)
  expect([state.loading, state.current]).toEqual([false, whole])

  text = '"part"'
  expect([state.loading, state.current]).toEqual([true, whole])
  state.ask(text)
  const part = answerOf(2)
  state.answer(part)
  expect([state.loading, state.current]).toEqual([false, part])

  // Not sent yet, and there already.
  text = '"whole"'
  expect(state.loading).toBe(true)
  expect(state.current).toBe(whole)
  state.ask(text)
  state.answer(answerOf(1, 2, 3))
  expect(state.loading).toBe(false)
  expect(state.current).toBe(whole)
  const grown = answerOf(1, 2, 3, 4)
  state.answer(grown)
  expect(state.current).toBe(grown)

  text = '"part"'
  state.ask(text)
  const other = answerOf(2.5)
  state.answer(other)
  expect(state.current).toBe(other)

  text = 'null'
  state.clear()
  expect([state.loading, state.current]).toEqual([false, undefined])
})
