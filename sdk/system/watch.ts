/**
 * Logs the machine's metrics to one run while it lasts.
 *
 *   meters ── every interval ──► samples ── a few ──► a point ──► waiting ──► log-batch
 *
 * Invariants
 * - Points travel beside the session's numbered stream, not in it: a session that is replayed finds its operations where they were, however
 *   many samples were taken meanwhile.
 * - One request is on its way at a time. What waits behind it is bounded; the oldest is let go of.
 * - Nothing here throws at whoever trains, or keeps a program from ending.
 */
import { SYSTEM_METRICS_LIMITS } from '#lib/domain/limits.ts'
import { isSystemMetric, SYSTEM_PREFIX, type SystemMetricName } from '#lib/domain/system-metrics.ts'
import type { SystemMetricsOptions } from '../types.ts'
import { messageOf } from '../fate.ts'
import { Samples } from './combine.ts'
import type { Meter, Readings } from './meter.ts'

export interface WatchParts {
  readonly runId: string
  readonly options: Required<SystemMetricsOptions>
  readonly meters: readonly Meter[]
  /** MLflow's routes: an endpoint, and its params or body. */
  readonly rest: {
    get(endpoint: string, params: Readonly<Record<string, string>>): Promise<unknown>
    post(endpoint: string, body: Readonly<Record<string, unknown>>): Promise<unknown>
  }
  /** Nothing can be logged any more. */
  readonly isOver: () => boolean
  readonly warn: (sentence: string) => void
}

interface Point {
  readonly step: number
  readonly timestamp: number
  readonly values: readonly (readonly [SystemMetricName, number])[]
}

/** A shorter rest is no sample: the kernel counts processor time in hundredths of a second. */
const LEAST_SAMPLE_MS = 100

/** What the store may do better in a while; anything else it will answer again. */
const PASSING: readonly unknown[] = ['TEMPORARILY_UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL_ERROR']

export class SystemWatch {
  readonly #parts: WatchParts
  readonly #prefix: string
  readonly #samples = new Samples()
  #meters: readonly Meter[]
  #timer: ReturnType<typeof setInterval> | null
  #lastSample = performance.now()
  /** Counted from 0, and after what the run had. */
  #nextStep = 0
  #firstStep: number | null = null
  #waiting: Point[] = []
  #isSending = false
  #sent: Promise<void> = Promise.resolve()

  constructor(parts: WatchParts) {
    this.#parts = parts
    const { nodeId, intervalMs } = parts.options
    this.#prefix = SYSTEM_PREFIX + (nodeId === '' ? '' : `${nodeId}/`)
    this.#meters = parts.meters
    this.#timer = setInterval(() => this.#onTick(), intervalMs)
    // On Node a timer is an object, and this one is no reason to go on.
    const timer: unknown = this.#timer
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
  }

  /** Log what there is, the last sample in part; resolves when it is durable, or given up. */
  async stop(): Promise<void> {
    if (this.#timer === null) return
    if (!this.#parts.isOver()) {
      if (performance.now() - this.#lastSample >= LEAST_SAMPLE_MS) this.#sample()
      this.#log()
    }
    this.#halt()
    await this.#sent
  }

  #onTick(): void {
    if (this.#parts.isOver()) return this.#halt()
    this.#sample()
    if (this.#samples.count >= this.#parts.options.samplesBeforeLogging) this.#log()
  }

  #halt(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    for (const meter of this.#meters) meter.close?.()
    this.#meters = []
  }

  #sample(): void {
    this.#lastSample = performance.now()
    const readings: Readings[] = []
    this.#meters = this.#meters.filter((meter) => {
      try {
        readings.push(meter.read())
        return true
      } catch (error) {
        this.#parts.warn(`Some system metrics cannot be read any more: ${messageOf(error)}`)
        return false
      }
    })
    this.#samples.add(Object.assign({}, ...readings) as Readings)
  }

  #log(): void {
    const values = this.#samples.take()
    if (values.length === 0) return
    if (this.#waiting.length >= SYSTEM_METRICS_LIMITS.waitingPoints) {
      this.#waiting.shift()
      this.#parts.warn('System metrics wait for the connection for so long that the oldest are let go of.')
    }
    this.#waiting.push({ step: this.#nextStep++, timestamp: Date.now(), values })
    if (!this.#isSending) this.#sent = this.#send()
  }

  async #send(): Promise<void> {
    const { rest, runId } = this.#parts
    this.#isSending = true
    try {
      this.#firstStep ??= await this.#findFirstStep()
      while (this.#waiting.length > 0) {
        // Each point has fewer values than a hundred.
        const points = this.#waiting.slice(0, 10)
        await rest.post('runs/log-batch', { run_id: runId, metrics: this.#toMetrics(points) })
        this.#waiting = this.#waiting.filter((point) => !points.includes(point))
      }
    } catch (error) {
      this.#onRefusal(error)
    } finally {
      this.#isSending = false
    }
  }

  #onRefusal(error: unknown): void {
    if (this.#parts.isOver()) return this.#halt()
    this.#parts.warn(`System metrics were not logged: ${messageOf(error)}`)
    if (PASSING.includes((error as { code?: unknown } | null)?.code)) return
    this.#waiting = []
    this.#halt()
  }

  #toMetrics(points: readonly Point[]): object[] {
    const first = this.#firstStep ?? 0
    return points.flatMap(({ step, timestamp, values }) =>
      values.map(([name, value]) => ({ key: this.#prefix + name, value, timestamp, step: first + step }))
    )
  }

  /** After the greatest step of any system metric the run has, as MLflow counts when a run is resumed; a session may replay one too. */
  async #findFirstStep(): Promise<number> {
    const answer = (await this.#parts.rest.get('runs/get', { run_id: this.#parts.runId })) as RunAnswer
    const metrics = answer.run?.data?.metrics ?? []
    const steps = metrics.filter(({ key }) => isSystemMetric(key)).map(({ step }) => Number(step))
    return Math.max(-1, ...steps) + 1
  }
}

interface RunAnswer {
  readonly run?: {
    readonly data?: { readonly metrics?: readonly { readonly key: string; readonly step: number | string }[] }
  }
}
