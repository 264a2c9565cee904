import { describe, expect, it } from 'vitest'
import { IRIS_DIGEST, loadIris } from './iris.ts'
import { IRIS_DEMO, runIrisDemo, type DemoProgress } from './iris-demo.ts'
import type { RunLogger, RunStart } from './run-logger.ts'

interface Recorded extends RunStart {
  readonly points: { step: number; values: Readonly<Record<string, number>> }[]
  readonly artifacts: string[]
  status: string | null
}

/** A logger that remembers. */
const recorder = (failAt: string | null = null): { logger: RunLogger; runs: Recorded[]; closed: () => boolean } => {
  const runs: Recorded[] = []
  let closed = false
  const logger: RunLogger = {
    async startRun(start) {
      const run: Recorded = { ...start, points: [], artifacts: [], status: null }
      runs.push(run)
      return {
        async logMetrics(values, step) {
          if (failAt === 'metrics') throw new Error('the disk is full')
          run.points.push({ step, values })
        },
        async logArtifact(path) {
          run.artifacts.push(path)
        },
        async end(status) {
          run.status = status
        }
      }
    },
    async close() {
      closed = true
    }
  }
  return { logger, runs, closed: () => closed }
}

const options = (logger: RunLogger, signal: AbortSignal, onProgress: (progress: DemoProgress) => void = () => {}) => ({
  experimentId: '1',
  logger,
  signal,
  onProgress,
  nextFrame: () => Promise.resolve()
})

describe('the iris demo', () => {
  it('stops between epochs when it is told to, and says KILLED', async () => {
    const { logger, runs, closed } = recorder()
    const stop = new AbortController()
    await runIrisDemo(options(logger, stop.signal, ({ epoch }) => void (epoch === 5 && stop.abort())))
    expect(runs).toHaveLength(1)
    expect(runs[0]!.status).toBe('KILLED')
    expect(runs[0]!.points.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5])
    expect(closed()).toBe(true)
  })

  it('logs measured values, params and a dataset that is named by its content', async () => {
    const { logger, runs } = recorder()
    const stop = new AbortController()
    await runIrisDemo(options(logger, stop.signal, ({ epoch }) => void (epoch === 20 && stop.abort())))
    const run = runs[0]!
    expect(run.params).toMatchObject({
      learning_rate: IRIS_DEMO.learningRates[0],
      batch_size: 105
    })
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(loadIris().csv))
    expect(Buffer.from(hash).toString('hex').slice(0, 16)).toBe(IRIS_DIGEST)
    expect(run.dataset.digest).toBe(IRIS_DIGEST)
    expect(Object.keys(run.points[0]!.values)).toEqual(['train/loss', 'train/accuracy', 'eval/loss', 'eval/accuracy'])
    const losses = run.points.map(({ values }) => values['train/loss']!)
    expect(losses).toEqual([...losses].sort((a, b) => b - a))
  })

  it('ends the run FAILED and passes the failure on when it cannot log', async () => {
    const { logger, runs } = recorder('metrics')
    await expect(runIrisDemo(options(logger, new AbortController().signal))).rejects.toThrow('the disk is full')
    expect(runs.map(({ status }) => status)).toEqual(['FAILED'])
  })
})
