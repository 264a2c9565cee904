import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Live } from '#lib/live/live.svelte.ts'
import type { SharedExperiment } from '#lib/live/sharing.ts'

/** Which experiments are shared, kept as it changes. Call it while a component is made. */
export class SharedExperiments {
  readonly #byId: ReadonlyMap<ExperimentId, SharedExperiment>

  constructor(live: Live) {
    const sync = live.query(() => ({ kind: 'sync' }))
    this.#byId = $derived(new Map(sync.current?.experiments.map((one) => [one.experimentId, one])))
  }

  find(id: ExperimentId): SharedExperiment | undefined {
    return this.#byId.get(id)
  }

  /** It may be looked at, and not changed. */
  isLocked(id: ExperimentId): boolean {
    return this.find(id)?.role === 'viewer'
  }
}
