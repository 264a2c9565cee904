import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Toasts } from './toasts.svelte.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const messages = (toasts: Toasts): string[] => toasts.list.map(({ message }) => message)

it('shows the newest three, each for ten seconds', () => {
  const toasts = new Toasts()
  for (const message of ['a', 'b', 'c', 'd']) toasts.show({ message })
  expect(messages(toasts)).toEqual(['b', 'c', 'd'])
  vi.advanceTimersByTime(10_000)
  expect(messages(toasts)).toEqual([])
})

it('stays while it is pointed at', () => {
  const toasts = new Toasts()
  toasts.show({ message: 'a' })
  const toast = toasts.list[0]!
  toasts.hold(toast.id)
  vi.advanceTimersByTime(60_000)
  expect(messages(toasts)).toEqual(['a'])
  toasts.resume(toast)
  vi.advanceTimersByTime(10_000)
  expect(messages(toasts)).toEqual([])
})

it('keeps what failed until it is closed', () => {
  const toasts = new Toasts()
  toasts.fail('It could not be renamed.', new Error('The name is taken.'))
  vi.advanceTimersByTime(60_000)
  expect(messages(toasts)).toEqual(['It could not be renamed. The name is taken.'])
  toasts.dismiss(toasts.list[0]!.id)
  expect(messages(toasts)).toEqual([])
})

it('undoes the newest thing that can be undone, once', async () => {
  const toasts = new Toasts()
  const undone: string[] = []
  const undo = (name: string) => () => Promise.resolve(void undone.push(name))
  toasts.show({ message: 'a', undo: undo('a') })
  toasts.show({ message: 'b', undo: undo('b') })
  toasts.show({ message: 'only said' })
  expect(toasts.undoNewest()).toBe(true)
  expect(toasts.undoNewest()).toBe(true)
  expect(toasts.undoNewest()).toBe(false)
  await vi.runAllTimersAsync()
  expect(undone).toEqual(['b', 'a'])
})

it('says so when it cannot be undone', async () => {
  const toasts = new Toasts()
  toasts.show({ message: 'a', undo: () => Promise.reject(new Error('The disk is full.')) })
  await toasts.undo(toasts.list[0]!)
  expect(messages(toasts)).toEqual(['That could not be undone. The disk is full.'])
})
