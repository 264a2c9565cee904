/**
 * Every limit, in one place. MLflow's are MLflow's own (its validators at 3.11); ours are marked so.
 * Lengths count UTF-16 units as JavaScript does; sizes are bytes.
 */
export const LIMITS = {
  experimentNameLength: 500,
  metricKeyLength: 250,
  paramKeyLength: 250,
  tagKeyLength: 250,
  /** Longer param values are cut, as MLflow cuts them by default. */
  paramValueLength: 6000,
  /** Longer run tag values are cut. */
  tagValueLength: 8000,
  /** Longer experiment tag values are refused. */
  experimentTagValueLength: 5000,
  artifactLocationLength: 2048,

  batchMetrics: 1000,
  batchParams: 100,
  batchTags: 100,
  batchTotal: 1000,

  datasetNameLength: 500,
  datasetDigestLength: 36,
  datasetSourceTypeLength: 36,
  datasetSourceLength: 65_535,
  datasetSchemaLength: 1_048_575,
  datasetProfileLength: 16_777_215,
  inputTagKeyLength: 255,
  inputTagValueLength: 500,

  searchMaxResults: 50_000,
  searchDefaultResults: 1000,

  /** Ours: an artifact path, whole and by segment, so that any file system can hold it. */
  artifactPathLength: 2000,
  artifactSegmentLength: 255,
  /** Ours: one request's body in the browser, where it passes through memory whole. */
  requestBodyBytes: 64 * 1024 * 1024
} as const

/** The notebook bridge: ours. */
export const BRIDGE = {
  /** Credit a host gives one connection: batches and bytes in flight. */
  creditBatches: 16,
  creditBytes: 8 * 1024 * 1024,
  /** A notebook's outbox: past this its log calls wait. */
  outboxBatches: 4000,
  outboxBytes: 64 * 1024 * 1024,
  /** Points in one message. */
  batchPoints: 1000,
  /** Small operations (params, tags, status) in one message. */
  batchOps: 500,
  /** Distinct (run, key) pairs in one message: `k` is a Uint16Array. */
  batchSeries: 65_535,
  pingEveryMs: 1000,
  lostAfterMs: 4000,
  /** A hidden page's timers run about once a second, so silence means less there. */
  lostAfterHiddenMs: 15_000,
  helloEveryMs: 500,
  sessionIdLength: 128,
  /** How long a session's high-water mark is kept after it was last heard of. */
  sessionKeptMs: 90 * 24 * 3600 * 1000
} as const

/** Searches: ours, so that one filter can neither exhaust a stack nor SQLite's expression depth (1000) and pattern length (50,000 bytes). */
export const SEARCH = {
  filterLength: 100_000,
  /** Comparisons in one filter. */
  clauses: 250,
  /** Parentheses inside one another. */
  depth: 32,
  /** A LIKE pattern, in UTF-16 units: at most three bytes each as UTF-8, and as many once escaped. */
  patternLength: 10_000,
  orderByLength: 1000,
  /** Misplaced tokens an error names before it stops. */
  namedTokens: 50,
  orderByItems: 16
} as const
