export interface Difference {
  /** Unique, in words for an address: `user-errors-are-4xx`. */
  readonly id: string
  readonly topic: Topic
  /** Why it is so, in a sentence or two for whoever uses it. */
  readonly reason: string
  /** `scenario/request`; `*` stands for anything. Each must occur. */
  readonly requests: readonly string[]
  /** As in Mismatch; `*` stands for anything. Each must occur. */
  readonly fields: readonly string[]
  /** MLflow's status and ours, where they differ; null for any. */
  readonly status?: readonly [number | null, number]
}

export const TOPICS = ['Errors', 'Input', 'Search', 'Artifacts', 'HTTP', 'Out of scope'] as const
export type Topic = (typeof TOPICS)[number]
