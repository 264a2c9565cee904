/** Every way in which Runnel is known to answer otherwise than MLflow, and why. The replay fails on any other, and on one listed in vain. */

export interface Difference {
  /** Unique; also the anchor in docs/compatibility.md. */
  readonly id: string
  readonly topic: string
  /** Why it is so, in a sentence or two for a user. */
  readonly reason: string
  /** `scenario/request`; `*` stands for anything. Each must occur. */
  readonly requests: readonly string[]
  /** As in Mismatch; `*` stands for anything. Each must occur. */
  readonly fields: readonly string[]
  /** The two answers' statuses, where they differ: MLflow's, ours. */
  readonly status?: readonly [number, number]
}

export const differences: readonly Difference[] = []
