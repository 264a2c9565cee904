import { valueAtBestStep } from '#lib/domain/best-step.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { BestStep } from '#lib/domain/table-column.ts'
import type { Store } from '#lib/store/store.ts'
import { SeriesCache } from './series-cache.ts'

/** One value that is asked for, and how many points its two series have: with more points it is looked for again. */
export interface BestStepQuestion {
  readonly runId: RunId
  readonly key: string
  readonly pick: BestStep
  readonly counts: readonly [values: number, of: number]
}

interface Kept {
  readonly counts: string
  readonly value: number | null
}

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
  async value(store: Store, { runId, key, pick, counts }: BestStepQuestion): Promise<number | null> {
    if (counts[0] === 0 || counts[1] === 0) return null
    const name = JSON.stringify([runId, key, pick.of, pick.at])
    const known = this.#kept.get(name)
    if (known?.counts === counts.join()) return known.value
    const of = await this.#series.points(store, runId, pick.of)
    // Its arrays belong to the cache, which may use them again for the next series.
    const copy = { steps: of.steps.slice(), timestamps: of.timestamps.slice(), values: of.values.slice() }
    const value = valueAtBestStep(await this.#series.points(store, runId, key), copy, pick.at)
    this.#keep(name, { counts: counts.join(), value })
    return value
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    if (this.#kept.size > LIVE.keptBestSteps) this.#kept.delete(this.#kept.keys().next().value!)
  }
}
