/**
 * Where the demo logs to, in the demo's own words. The route that starts it hands in the notebook SDK behind this face, so the demo takes
 * the same way into the store that a notebook takes.
 */
export interface RunLogger {
  startRun(start: RunStart): Promise<OpenRun>
  /** Everything logged so far is durable when it resolves. */
  close(): Promise<void>
}

export interface RunStart {
  readonly experimentId: string
  readonly name: string
  readonly params: Readonly<Record<string, string | number>>
  readonly tags: Readonly<Record<string, string>>
  readonly dataset: DemoDataset
}

export interface DemoDataset {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema: string
  readonly profile: string
  /** How the run uses it: `training`. */
  readonly context: string
}

export interface OpenRun {
  /** Resolves when there is room to log more: awaiting it keeps the trainer from running ahead of the store. */
  logMetrics(values: Readonly<Record<string, number>>, step: number): Promise<void>
  logArtifact(path: string, content: Blob): Promise<void>
  end(status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<void>
}
