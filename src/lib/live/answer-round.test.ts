import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AnswerRound } from './answer-round.ts'
import type { WatchAnswer } from './protocol.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const answer = (watch: number): WatchAnswer => ({ watch, ask: 1, value: watch })

function round() {
  const sent: number[][] = []
  return { sent, round: new AnswerRound((answers) => sent.push(answers.map(({ watch }) => watch))) }
}

test('what was asked for together comes in one message, and what nobody wants any more is left out', () => {
  const { round: together, sent } = round()
  for (let i = 0; i < 3; i++) together.begin()
  together.end(answer(0))
  together.begun()
  together.end(null)
  expect(sent).toEqual([])
  together.end(answer(2))
  expect(sent).toEqual([[0, 2]])
  vi.runAllTimers()
  expect(sent).toEqual([[0, 2]])
})

test('what is ready waits a moment for what is not, and no longer', () => {
  const { round: together, sent } = round()
  for (let i = 0; i < 3; i++) together.begin()
  together.begun()
  together.end(answer(0))
  vi.advanceTimersByTime(4)
  together.end(answer(1))
  vi.advanceTimersByTime(3)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(1)
  expect(sent).toEqual([[0, 1]])
  together.end(answer(2))
  expect(sent).toEqual([[0, 1], [2]])
})

test('nothing is sent where nothing is to be said', () => {
  const { round: together, sent } = round()
  together.begin()
  together.end(null)
  together.begun()
  vi.runAllTimers()
  expect(sent).toEqual([])
})
