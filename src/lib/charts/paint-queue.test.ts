import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PaintQueue } from './paint-queue.ts'

let now = 0
let frames: FrameRequestCallback[] = []

beforeEach(() => {
  now = 1000
  frames = []
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => frames.push(callback))
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** The next frame, so long after the last one. Returns whether somebody had asked for it. */
function frame(afterMs = 16): boolean {
  now += afterMs
  const asked = frames
  frames = []
  for (const callback of asked) callback(now)
  return asked.length > 0
}

/** Something that takes so long of a frame, and notes that it was done. */
function work(done: string[], name: string, takesMs = 0): () => void {
  return () => {
    now += takesMs
    done.push(name)
  }
}

const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), Promise.resolve().then(() => Promise.resolve(false))])

describe('charts that were told of something new', () => {
  it('[PQ1] are drawn once a frame, by what they were told last', () => {
    const queue = new PaintQueue()
    const done: string[] = []
    const chart = {}
    queue.soon(chart, work(done, 'first'))
    queue.soon(chart, work(done, 'second'))
    expect(done).toEqual([])
    frame()
    expect(done).toEqual(['second'])
    expect(frame()).toBe(false)
  })

  it('[PQ2] wait for the next frame when this one is full, and none is left out', () => {
    const queue = new PaintQueue()
    const done: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.soon({}, work(done, name, 9))
    frame()
    expect(done).toEqual(['a', 'b'])
    frame()
    frame()
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(frame()).toBe(false)
  })

  it('[PQ3] are drawn at once when somebody waits and there is room, and else in the next frame', () => {
    const queue = new PaintQueue()
    const done: string[] = []
    queue.now({}, work(done, 'a', 9))
    queue.now({}, work(done, 'b', 9))
    queue.now({}, work(done, 'c', 9))
    expect(done).toEqual(['a', 'b'])
    frame()
    expect(done).toEqual(['a', 'b', 'c'])
  })

  it('[PQ4] are not drawn again by what they were told before somebody waited', () => {
    const queue = new PaintQueue()
    const done: string[] = []
    const chart = {}
    queue.soon(chart, work(done, 'before'))
    queue.now(chart, work(done, 'now'))
    frame()
    expect(done).toEqual(['now'])
  })

  it('[PQ5] are forgotten when they are gone', () => {
    const queue = new PaintQueue()
    const done: string[] = []
    const chart = {}
    queue.soon(chart, work(done, 'update'))
    queue.add(chart, { step: () => done.push('painting') > 0 })
    queue.remove(chart)
    frame()
    expect(done).toEqual([])
  })

  it('[PQ6] say when one of them is drawn, and not before', async () => {
    const queue = new PaintQueue()
    const { drawn } = queue
    queue.add({}, { step: () => true })
    frame()
    expect(await settled(drawn)).toBe(false)
    queue.soon({}, () => undefined)
    expect(await settled(drawn)).toBe(false)
    frame()
    expect(await settled(drawn)).toBe(true)
    expect(await settled(queue.drawn)).toBe(false)
  })
})

describe('pictures', () => {
  /** A picture of so many points; `steps` are the turns it was given. */
  function picture(points: number) {
    const steps: number[] = []
    let left = points
    const step = (share: number) => {
      steps.push(Math.min(share, left))
      left -= share
      return left <= 0
    }
    return { step, steps, isDone: () => left <= 0 }
  }

  it('[PQ7] are painted over as many frames as they need, and a small one does not wait for a large one', () => {
    const queue = new PaintQueue()
    const large = picture(100_000)
    const small = picture(1000)
    queue.add({}, large)
    queue.add({}, small)
    frame()
    expect([large.isDone(), small.isDone()]).toEqual([false, true])
    for (let i = 0; i < 20 && frame(); i++);
    expect(large.isDone()).toBe(true)
    expect(large.steps.reduce((sum, points) => sum + points, 0)).toBe(100_000)
  })

  it('[PQ8] get smaller turns where frames are long, and larger ones where they are short', () => {
    const turns = (frameMs: number): number[] => {
      const queue = new PaintQueue()
      const endless = picture(Infinity)
      queue.add({}, endless)
      for (let i = 0; i < 60; i++) frame(frameMs)
      return endless.steps
    }
    const slow = turns(50)
    expect(slow.at(-1)!).toBeLessThan(slow[0]! / 2)
    expect(slow.at(-1)!).toBeGreaterThan(0)
    const quick = turns(16)
    expect(quick.at(-1)!).toBeGreaterThan(quick[0]! * 4)
    expect(quick.at(-1)!).toBeLessThanOrEqual(200_000)
  })

  it('[PQ9] take the place of what the same chart still had to paint', () => {
    const queue = new PaintQueue()
    const chart = {}
    const old = picture(1000)
    const next = picture(1000)
    queue.add(chart, old)
    queue.add(chart, next)
    frame()
    expect([old.steps, next.isDone()]).toEqual([[], true])
  })
})
