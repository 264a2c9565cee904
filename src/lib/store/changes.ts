import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'

export type ChangeKind =
  | 'experiment'
  | 'run'
  | 'param'
  | 'metric'
  | 'tag'
  | 'dataset'
  | 'artifact'
  | 'key'
  | 'setting'
  | 'grant'
  | 'logged-model'
  | 'registered-model'
  | 'view'
  | 'room'
  /** Something said that it goes to the room of another experiment, which has not told of it yet. */
  | 'leaving'
  | 'comment'

/** One commit, or one file put into a folder of the disk, as the feed announces it: once, after it is durable. */
export interface Change {
  /** Counts the changes of this host, from 1. */
  readonly clock: number
  /** Who made it, so that a listener can tell its own echo; null for the store itself. */
  readonly origin: string | null
  readonly experiments: ReadonlySet<ExperimentId>
  readonly runs: ReadonlySet<RunId>
  /** Logged models. */
  readonly models: ReadonlySet<ModelId>
  /** Registered models and their versions, as others hear of them. */
  readonly registered: ReadonlySet<Subject>
  readonly kinds: ReadonlySet<ChangeKind>
}

export type ChangeListener = (change: Change) => void

export class ChangeFeed {
  readonly #listeners = new Set<ChangeListener>()
  readonly #onLoss = new Set<() => void>()
  #clock = 0

  get clock(): number {
    return this.#clock
  }

  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called after commits that somebody may have read were lost: whatever was answered meanwhile may be wrong. */
  subscribeToLoss(listener: () => void): () => void {
    this.#onLoss.add(listener)
    return () => this.#onLoss.delete(listener)
  }

  announceLoss(): void {
    for (const listener of this.#onLoss) listener()
  }

  announce(change: Omit<Change, 'clock'>): void {
    const numbered: Change = { ...change, clock: ++this.#clock }
    for (const listener of this.#listeners) listener(numbered)
  }
}

interface Touched {
  readonly experiment?: ExperimentId
  readonly run?: RunId
  /** A logged model. */
  readonly model?: ModelId
  /** A registered model, or a version of one. */
  readonly registered?: Subject
}

/** What one transaction touched, gathered while it runs. */
export class ChangeDraft {
  readonly experiments = new Set<ExperimentId>()
  readonly runs = new Set<RunId>()
  readonly models = new Set<ModelId>()
  readonly registered = new Set<Subject>()
  readonly kinds = new Set<ChangeKind>()

  add(kind: ChangeKind, touched: Touched = {}): void {
    this.kinds.add(kind)
    if (touched.experiment !== undefined) this.experiments.add(touched.experiment)
    if (touched.run !== undefined) this.runs.add(touched.run)
    if (touched.model !== undefined) this.models.add(touched.model)
    if (touched.registered !== undefined) this.registered.add(touched.registered)
  }
}
