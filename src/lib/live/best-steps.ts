import { valueAtBestStep } from '#lib/domain/best-step.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { MetricSummary } from '#lib/domain/metric.ts'
import type { BestStep } from '#lib/domain/table-column.ts'
import type { Store } from '#lib/store/store.ts'
import { SeriesCache } from './series-cache.ts'

/** One value that is asked for, and what is known of its two series without their points: when that changes it is looked for again. */
export interface BestStepQuestion {
  readonly runId: RunId
  readonly key: string
  readonly pick: BestStep
  readonly values: MetricSummary | undefined
  readonly of: MetricSummary | undefined
}

interface Kept {
  readonly versions: string
  readonly value: number | null
}

const versionOf = ({ count, last }: MetricSummary): string => [count, last.step, last.timestamp, last.value].join('/')

/** Values at the best steps of other metrics, for every table of a host: each is found once for as many points as its series have. */
export class BestSteps {
  readonly #kept = new Map<string, Kept>()
  // Apart from the series charts look at: a table that scrolls by would push those out.
  readonly #series = new SeriesCache()

  /** Points that were read may have been lost since. */
  forget(): void {
    this.#kept.clear()
    this.#series.clear()
  }

  /** Outside the store's lock, as it reads whole series. */
  async value(store: Store, { runId, key, pick, values, of }: BestStepQuestion): Promise<number | null> {
    if (values === undefined || of === undefined) return null
    const name = JSON.stringify([runId, key, pick.of, pick.at])
    const known = this.#kept.get(name)
    const versions = `${versionOf(values)} ${versionOf(of)}`
    if (known?.versions === versions) return known.value
    const others = await this.#series.points(store, runId, pick.of)
    const value = valueAtBestStep(await this.#series.points(store, runId, key), others, pick.at)
    this.#keep(name, { versions, value })
    return value
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    if (this.#kept.size > LIVE.keptBestSteps) this.#kept.delete(this.#kept.keys().next().value!)
  }
}
