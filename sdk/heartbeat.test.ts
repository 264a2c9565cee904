import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BRIDGE } from '#lib/domain/limits.ts'
import { Heartbeat } from './heartbeat.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

test('asks every second, and gives up after four of silence', () => {
  const ping = vi.fn()
  const silent = vi.fn()
  const heartbeat = new Heartbeat(ping, silent)
  heartbeat.start()
  vi.advanceTimersByTime(3 * BRIDGE.pingEveryMs)
  expect(ping).toHaveBeenCalledTimes(3)
  heartbeat.heard()
  vi.advanceTimersByTime(BRIDGE.lostAfterMs)
  expect(silent).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2 * BRIDGE.pingEveryMs)
  expect(silent).toHaveBeenCalledOnce()
  heartbeat.stop()
})

test('a page that stood still for a minute does not blame the other end', () => {
  const silent = vi.fn()
  const heartbeat = new Heartbeat(() => undefined, silent)
  heartbeat.start()
  vi.advanceTimersByTime(BRIDGE.pingEveryMs)
  // The clock moves and no timer runs, as when a loop keeps the page busy; then the late beat comes before the waiting answers.
  vi.setSystemTime(Date.now() + 60_000)
  const still = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
  vi.advanceTimersToNextTimer()
  expect(silent).not.toHaveBeenCalled()
  heartbeat.heard()
  still.mockReturnValue(performance.now() + BRIDGE.pingEveryMs)
  vi.advanceTimersToNextTimer()
  expect(silent).not.toHaveBeenCalled()
  heartbeat.stop()
})
