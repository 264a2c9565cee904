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

  /** Ours. */
  commentLength: 10_000,
  personNameLength: 100,
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
  tokenLength: 4096,
  /** A token of this length is not guessed, whoever chose it; one that was made here has more. */
  unguessableTokenLength: 24,
  /** After a wrong one that may be a guess, the next token is looked at: so twenty guesses a second, from all addresses together. */
  wrongTokenPauseMs: 50,
  /** Wrong tokens that are known again, and requests of one client address that may wait for a look. */
  wrongTokensKnown: 1000,
  waitingLooks: 1000
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
  /** Of points of an experiment's charts, shown on them: the newest. */
  pointComments: 1000,
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
  /** Blobs kept open for whoever reads another chunk of one. */
  openBlobs: 64,
  keptEnvelopeBytes: 8 * 1024 * 1024
} as const

/** Sync: ours. */
export const SYNC = {
  /** Facts in one frame of a live tail, and in the record that says all a writer has to say of one subject. */
  frameBytes: 64 * 1024,
  framePoints: 5000,
  recordBytes: 2 * 1024 * 1024,
  /** Of what a dataset says of itself, in UTF-16 units: longer texts are not shared. */
  cellLength: 64 * 1024,
  /** Commits are gathered so long before they are published, and a failure is tried again after this. */
  gatherMs: 40,
  retryMs: 5000,
  /** Blobs that points wait for and that could not be fetched are asked for again after this; and after so many that could not, no more are. */
  awaitedRetryMs: 30_000,
  awaitedFailures: 3,
  /** Records put into a document in one transaction, and subjects that are read for it at once. */
  publishBytes: 512 * 1024,
  publishSubjects: 64,
  /** Own updates that may be on their way to a host's disk before more is written. */
  unackedBytes: 4 * 1024 * 1024,
  /** What somebody who comes back says in one update: a document that is further ahead is made anew, and told in pieces. */
  answerBytes: 12 * 1024 * 1024,
  /** Subjects merged in one transaction: between two, others have their turn, and rows are painted. */
  mergeSubjects: 250,
  /** In the first of them, and by how many more in each after it; and how long the first has the store to itself. */
  firstSubjects: 32,
  firstRestMs: 150,
  /** Own frames of one subject that are not folded into its record yet: whoever says more of it reads them all. */
  foldFrames: 32,
  /** Own frames of one subject that are kept to be published, and their bytes; past it the record is. */
  keptFrames: 256,
  keptBytes: 512 * 1024,
  /** How far ahead of the host's clock a fact may be; what is further ahead is looked at again after as long. */
  aheadMs: 5 * 60_000,
  /** How far apart a store's clock and its host's may be for it to go by the host's: past it one of them is wrong, and somebody has to look. */
  apartMs: 24 * 3_600_000,
  /** Facts further ahead than this show that the clock is behind now, as one without a battery is: nothing is given another time by it. */
  restampMs: 366 * 24 * 3_600_000,
  /** A tail is folded into its record past this, or when its run ends. */
  tailBytes: 64 * 1024,
  tailPoints: 10_000,
  /** Points of a series that travel in a record; more of them are sealed first. */
  recordPoints: 512,
  tokenMs: 15 * 60_000,
  /** An application's frame goes to every connection at least this often: y-websocket takes 30 s of silence for a dead host. */
  keepAliveMs: 15_000,
  /** A room nobody is in is let go of after this. */
  roomIdleMs: 60_000,

  /** One update of a room: what was changed in one transaction, or all that somebody who comes back has and the room lacks. */
  updateBytes: 16 * 1024 * 1024,
  /** How somebody says what he has. */
  vectorBytes: 256 * 1024,
  /** Of one update: what it is split into, and how far it moves one client's clock. */
  updateStructs: 100_000,
  updateClocks: 10_000_000,
  /**
   * Steps it may take to put all parts of a room's document in their places, at most: each is a tenth of a microsecond or less, wherever the room is
   * read. Once there are as many, what one update may add, and across how many parts it may be put.
   */
  integrationSteps: 10_000_000,
  lateSteps: 100_000,
  lateGaps: 100,
  /** Parts of a room's document that are looked through for that, per second and at once: a few microseconds each. */
  lookedPartsPerSecond: 25_000,
  burstLookedParts: 500_000,
  /** A list of keys, as JSON, in UTF-16 units. */
  keysLength: 1024 * 1024,
  /**
   * What one connection may send, per second and at once. Past it, it is read more slowly: one message may always be larger, and is waited for
   * afterwards. What it asks for counts as bytes.
   */
  messagesPerSecond: 1000,
  burstMessages: 1000,
  bytesPerSecond: 8 * 1024 * 1024,
  burstBytes: 8 * 1024 * 1024,
  /** What may wait in the host for one connection, beside a room's first bytes, before it is let go. */
  waitingBytes: 4 * 1024 * 1024,
  /** Who is present: one person's part, how often it may change, how often a room tells, how many are told of, and when silence means gone. */
  presenceBytes: 2048,
  presencePerSecond: 10,
  presenceEveryMs: 100,
  presenceShown: 200,
  presenceLostMs: 30_000,
  /** What a room's log may hold, beside as much as its snapshot, before it is folded into a new one. */
  logBytes: 1024 * 1024,
  logUpdates: 5000,
  /** A room's document past which it begins again, where that at least halves it. */
  roomBytes: 32 * 1024 * 1024,
  /** How often a host is asked for blobs that it lacks, while its room is live: ms. */
  blobsEveryMs: 10 * 60_000
} as const

/** Sharing: ours. */
export const SHARING = {
  shares: 10_000,
  roomsPerShare: 16,
  /** Of a share's name, and of what a person calls themselves. */
  nameLength: 100,
  /** Browsers and programs that may use one link. */
  uses: 10_000,
  /** Secrets one client address may get wrong at once, and then per second. */
  wrongSecrets: 20,
  wrongSecretsPerSecond: 0.5,
  /** One request to the routes of sync that is JSON. */
  requestBytes: 64 * 1024,
  /** A blob up to here is sent whole, through memory; a larger one can be continued. */
  wholeBlobBytes: 1024 * 1024,
  /** Uploads one person may have begun and not ended, and how long each is kept from its last byte. */
  openUploads: 64,
  uploadKeptMs: 24 * 3600 * 1000,
  /** Blobs a host lacks that it tells of at once. */
  lackingBlobs: 1000
} as const

/** Files of experiments: ours. */
export const FILES = {
  /** Entries of one, and the directory that lists them. */
  entries: 2_000_000,
  directoryBytes: 256 * 1024 * 1024,
  /** `runnel.json`, and experiments it may list. */
  manifestBytes: 16 * 1024 * 1024,
  experiments: 20_000,
  /** The facts of one experiment, inflated: they pass through memory in batches. */
  factsBytes: 2 * 1024 ** 3,
  /** What one store says of one subject, with all its names. */
  recordBytes: 64 * 1024 * 1024,
  /** Facts of whole subjects, read or written at a time. */
  batchSubjects: 100,
  batchBytes: 8 * 1024 * 1024,
  /** Works on files at once, for all pages of a host, and what a page calls one. */
  jobs: 16,
  jobLength: 100,
  /** A store's database: it is opened in memory. */
  storeBytes: 512 * 1024 * 1024
} as const
