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
  experimentTagValueLength: 20_000,
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

  /** Ours for names (MLflow's column says so, and nobody heeds it). Keys and values of a model's params and tags have no limit there. */
  loggedModelNameLength: 500,

  /** Of registered models and their versions; longer values are refused. Keys are as long as any tag's. */
  registryTagValueLength: 100_000,
  aliasLength: 255,

  searchMaxResults: 50_000,
  searchDefaultResults: 1000,
  loggedModelDefaultResults: 50,
  registeredModelMaxResults: 1000,
  registeredModelDefaultResults: 100,
  /** Also the default: MLflow's clients ask for 10,000. */
  modelVersionMaxResults: 200_000,
  /** Runs in one question for histories, and points for each (between steps) or for all. */
  bulkHistoryRuns: 100,
  bulkHistoryPoints: 25_000,
  bulkIntervalPoints: 2500,
  searchDatasetsExperiments: 20,
  searchDatasetsResults: 1000,

  /** Ours: an artifact path, whole and by segment, so that any file system can hold it. */
  artifactPathLength: 2000,
  artifactSegmentLength: 255,
  /** Ours: one request's body in the browser, where it passes through memory whole. */
  requestBodyBytes: 64 * 1024 * 1024,
  /** Ours: values in one JSON body. A full batch has some ten thousand. */
  jsonValues: 250_000,
  /** Ours: one artifact in a host's folder, where it is streamed; a host may be told otherwise. */
  hostArtifactBytes: 64 * 1024 ** 3,
  /** What `upload-artifact` takes at once: MLflow's. */
  uploadArtifactBytes: 10 * 1024 * 1024,
  /** Parts of one upload: S3's. */
  uploadParts: 10_000,
  /** Ours: how long an upload in parts may take before it is given up. */
  uploadKeptMs: 24 * 3600 * 1000
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
  /** A file logged over a socket, where it travels in a message: larger ones go over HTTP. */
  socketFileBytes: 48 * 1024 * 1024,
  /** Of what a notebook calls itself: shown, so cut and not refused. */
  nameLength: 200,
  /** Of a session's refusals, the last ones are kept, for a notebook that lost its connection before it heard of them. */
  keptRefusals: 100,
  keptRefusalLength: 500,
  /** How long a session's high-water mark is kept after it was last heard of. */
  sessionKeptMs: 90 * 24 * 3600 * 1000
} as const

/** System metrics that the SDK logs: ours. */
export const SYSTEM_METRICS_LIMITS = {
  leastIntervalMs: 100,
  /** Timers take no longer ones. */
  greatestIntervalMs: 2 ** 31 - 1,
  nodeIdLength: 100,
  /** Points that wait for a lost connection: at the usual interval, those of almost three hours. */
  waitingPoints: 1000
} as const

/** The Node host: ours. */
export const HOST = {
  /** Requests one client address may make, per second and at once. Stock clients stay far below; a flood does not. */
  requestsPerSecond: 5000,
  burstRequests: 20_000,
  /** Client addresses whose rate is remembered; past it those that have been quiet longest are forgotten. */
  ratedClients: 10_000,
  /** Connections one client address may hold open. */
  connectionsPerClient: 1000,
  /** A request's headers, whole. */
  headerBytes: 32 * 1024,
  headersMs: 15_000,
  /** How often connections are looked at for requests that take too long to come. */
  slowCheckEveryMs: 5000,
  /** A whole request, uploads of gigabytes included. */
  requestMs: 6 * 3600 * 1000,
  /** A connection on which nothing moves. A client's own time-out is two minutes. */
  idleMs: 150_000,
  keepAliveMs: 15_000,
  /** How long open requests may take to finish once the host is told to stop. */
  closeGraceMs: 8000,
  /** When old marks, uploads and blobs without a reference are let go of: after the start, and from then on. */
  tidyAfterMs: 60_000,
  tidyEveryMs: 3_600_000,
  tokenLength: 4096
} as const

/** Chunks of metric points: ours. */
export const CHUNK = {
  /** Points in one chunk that is written. */
  points: 65_536,
  /** Points in one chunk that is read: what a chunk claims to hold is believed up to here, and memory set aside for it (24 bytes a point). */
  readPoints: 262_144,
  /** Points under one node of an envelope. */
  nodePoints: 256
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
  /** Datasets a search over logged models may name: each comparison of a metric asks for all of them. */
  datasets: 10,
  /** Misplaced tokens an error names before it stops. */
  namedTokens: 50,
  orderByItems: 16
} as const

/** What a page may ask of a host at once: ours, far above what a page of ours does, and little enough that one page cannot hold up the rest. */
export const LIVE = {
  watches: 2000,
  /** Of one query over runs. */
  experiments: 10_000,
  columns: 10_000,
  /** Rows of a runs table, or columns to choose from, in one answer: what a very tall screen shows, several times over. */
  window: 1000,
  sortKeys: 16,
  groupKeys: 8,
  /** Rows of a tree or groups that somebody folded by hand. */
  toggled: 10_000,
  /** Columns whose values a host keeps for one grouped table, and values at best steps for all of them. */
  keptColumns: 64,
  keptBestSteps: 50_000,
  /** Of one drawn series: wider than any screen, several times over. */
  buckets: 100_000,
  /** Values offered for a key at once: past it one types on. */
  fieldValues: 50,
  /** Longer values are not offered: nobody picks one from a list. */
  offeredValueLength: 200,
  viewNameLength: 200,
  /** What one saved view keeps: the order of ten thousand columns, or of as many charts, fits in. */
  viewStateBytes: 1024 * 1024,
  /** Saved views of an experiment's runs, and as many of its charts. */
  viewsPerExperiment: 500
} as const

/** Doing something to many runs: ours. */
export const BULK = {
  /** Runs in one transaction: about a tenth of a second, so that logging and other pages go on between two. */
  chunkRuns: 500,
  /** Runs one command may name. */
  commandRuns: 50_000,
  /** How many values may be looked up to find out that a key has no run left. */
  keyLookups: 2_000_000
} as const

/** One chart: ours. */
export const CHART = {
  /** Lines in one picture: more than anybody tells apart. */
  runs: 5000,
  /** The widest window of a moving average, in points. */
  averagePoints: 10_000,
  /** The widest bell, in points: what a point costs grows with it. */
  sigma: 1000
} as const

/** The charts of an experiment: ours. */
export const CHART_GRID = {
  /** Columns of the grid one panel may take. */
  panelSpan: 4,
  /** Of a panel's drawing, in CSS pixels. */
  panelHeightMin: 120,
  panelHeightMax: 800,
  panelHeightStep: 20,
  /** Panels somebody put there, in one experiment. */
  addedPanels: 100,
  /** Panels of a group that are there before somebody asks for the rest. */
  groupPanels: 100,
  /** Runs that can be listed and drawn at once. */
  listedRuns: 1000,
  /** Of the expression panels are found by: it comes from links, too. */
  findLength: 200
} as const

/** Sockets between a host and its pages and notebooks: ours. */
export const SOCKET = {
  /** One message, both ways; and the Blobs in one, which leaves room for what stands around them. BRIDGE.socketFileBytes fits in. */
  frameBytes: 64 * 1024 * 1024,
  blobBytes: 56 * 1024 * 1024,
  /** Values inside one another. */
  depth: 64,
  /** Values in what a host is sent: the ids of all runs that somebody may choose at once fit in. */
  values: 1_000_000,
  /** Arrays and Blobs in one message. */
  segments: 10_000,
  /** Ports tunnelled at once over one socket. */
  channels: 256,
  /** What may wait in the host for one slow page before it is let go. */
  waitingBytes: 32 * 1024 * 1024,
  /** What may wait at a port nobody listens to yet. */
  heldBytes: 16 * 1024 * 1024,
  pingEveryMs: 15_000,
  /** Pages told, a socket has this long to close by itself. */
  closeGraceMs: 1000,
  tokenLength: 4096
} as const

/** How points are kept: ours. */
export const SERIES = {
  /** Inline points of a series, or chunks they lie in, that are worth sealing in a pause: the index of what is due holds the same. */
  sealPoints: 1024,
  sealChunks: 64,
  /** The same where points never cease to come: later, so that chunks are large, and before reading many small ones takes long. */
  steadySealPoints: 8192,
  steadySealChunks: 512,
  /** Inline points of all series that are due, past which they are sealed at once, for the sake of memory. */
  inlinePoints: 2_000_000,
  /** Series, and about how many points in how many chunks, that are sealed before others have their turn. */
  roundSeries: 64,
  roundPoints: 250_000,
  roundChunks: 4096,
  /** Unpacked chunks, and envelopes, kept for whoever asks again: bytes. */
  keptChunkBytes: 32 * 1024 * 1024,
  keptEnvelopeBytes: 8 * 1024 * 1024
} as const
