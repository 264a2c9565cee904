/** The published types of runnel.js. They stand on nothing else, so that `runnel.d.ts` can be read alone. */

/** MLflow's run states. */
export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'

/**
 * Where the connection to Runnel stands.
 *
 * idle        nothing has been logged or asked yet, or everything is safe and a program without a page may end
 * connecting  looking for Runnel
 * click       the browser wants a click: press "Connect to Runnel" in the page
 * consent     Runnel asks a person whether this page may log
 * open        connected
 * lost        Runnel is gone for now; what is logged is kept in this page and sent when it is back
 * denied      a person said no, or took permission back; `connect()` asks again
 * failed      it cannot work from here; `message` says why and what to do
 */
export type ConnectionState = 'idle' | 'connecting' | 'click' | 'consent' | 'open' | 'lost' | 'denied' | 'failed'

export interface Status {
  readonly state: ConnectionState
  /** Operations logged and not yet durable. */
  readonly pending: number
  /** A sentence for the person at the screen: what is waited for, or what is wrong. Null when all is well. */
  readonly message: string | null
}

export interface ConnectOptions {
  /** Runnel's address; where runnel.js was loaded from unless said. */
  readonly url?: string
  /**
   * Log to a Runnel that runs as a program and keeps the store itself (`http://127.0.0.1:5000`), not to the one in this browser: the way
   * from Node, Deno and kernels without a page, and from any page the host lets in.
   */
  readonly host?: string
  /** The host's token, if it asks for one. */
  readonly token?: string
  /** Where to show the "Connect to Runnel" button when the browser wants a click; the page's corner unless said. */
  readonly el?: Element
  /**
   * Names what is logged through this connection, for code that may run again on its own (a notebook output that is rendered anew). The
   * same session replays: what it logged before is recognised by its position and not logged twice. One per execution, not per page.
   */
  readonly session?: string
  /** Give up waiting after this many ms (the connection goes on being tried). Waits for as long as it takes unless said. */
  readonly timeoutMs?: number
  /** A port that a page of Runnel's own origin has already handed to the store, or how to get one, again after each loss. */
  readonly port?: MessagePort | (() => MessagePort | Promise<MessagePort>)
}

export interface StartRunOptions {
  /** The experiment's name, made when absent. `setExperiment`'s, or the Default experiment, unless said. */
  readonly experiment?: string
  /** The experiment's id; it must exist. */
  readonly experimentId?: string
  /** A name is made up unless said. */
  readonly runName?: string
  /** Resume this run instead of starting one; it must exist. */
  readonly runId?: string
  /** Start a child of the active run. */
  readonly nested?: boolean
  /** Start a child of this run. */
  readonly parentRunId?: string
  readonly tags?: Readonly<Record<string, unknown>>
  /** Markdown, shown on the run's page. */
  readonly description?: string
  /** As in `connect`, for this run and the runs nested in it. */
  readonly session?: string
  /**
   * Log what the machine and this program, or page, take while the run lasts; or do not, whatever `enableSystemMetrics` or the
   * environment says. What is not said here is as it was said there.
   */
  readonly systemMetrics?: boolean | SystemMetricsOptions
}

export interface SystemMetricsOptions {
  /** Ms between samples, from 100 on; 10,000 unless said. */
  readonly intervalMs?: number
  /** Samples made into one point; 1 unless said. */
  readonly samplesBeforeLogging?: number
  /** Names this machine among several that log to one run: its metrics are `system/NODE/…`. */
  readonly nodeId?: string
}

export interface PointOptions {
  /** An integer, may be negative; 0 unless said. */
  readonly step?: number
  /** Epoch ms; now unless said. */
  readonly timestamp?: number
}

export type ArtifactData = Blob | ArrayBuffer | ArrayBufferView | string

export interface ArtifactOptions {
  /** Guessed from the path unless said. */
  readonly mediaType?: string
}

export type ImageData2D = HTMLCanvasElement | OffscreenCanvas | ImageData | ImageBitmap | Blob

/** A place among a run's images over steps, as MLflow keeps them. */
export interface ImageSlot {
  readonly key: string
  readonly step?: number
  /** Epoch ms; now unless said. */
  readonly timestamp?: number
}

/** What a run was fed. Either say the digest, or hand in the content to have it computed. */
export interface DatasetDescription {
  readonly name: string
  /** At most 36 characters; computed from `data`, or from name and source, unless said. */
  readonly digest?: string
  /** A URL, or any text that says where it came from. */
  readonly source?: string
  /** `http` for a URL, `code` otherwise, unless said. */
  readonly sourceType?: string
  /** MLflow's schema as JSON text or an object; worked out from rows unless said. */
  readonly schema?: string | object
  readonly profile?: string | object
  /** The content: rows (objects), an array, a typed array or a buffer. Only its digest, schema and counts are kept. */
  readonly data?: readonly unknown[] | ArrayBuffer | ArrayBufferView
}

export interface InputOptions {
  /** How it was used: `training`, `eval`, … */
  readonly context?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface SearchRunsOptions {
  readonly experimentNames?: readonly string[]
  readonly experimentIds?: readonly string[]
  /** MLflow's filter grammar: `metrics.loss < 0.5 and params.opt = 'adam'`. */
  readonly filter?: string
  /** `metrics.loss ASC`, most significant first. */
  readonly orderBy?: readonly string[]
  /** 1000 unless said. */
  readonly maxResults?: number
  readonly view?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'
}

export interface SearchExperimentsOptions {
  readonly filter?: string
  readonly orderBy?: readonly string[]
  readonly maxResults?: number
  readonly view?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'
}

export interface RunInfo {
  readonly runId: string
  readonly runName: string
  readonly experimentId: string
  readonly userId: string
  readonly status: RunStatus
  /** Epoch ms. */
  readonly startTime: number
  /** Epoch ms; null while it runs. */
  readonly endTime: number | null
  readonly artifactUri: string
  readonly lifecycleStage: 'active' | 'deleted'
}

/** A run as it is stored. */
export interface RunRecord {
  readonly info: RunInfo
  readonly data: {
    readonly params: Readonly<Record<string, string>>
    /** The latest value of each metric. */
    readonly metrics: Readonly<Record<string, number>>
    readonly tags: Readonly<Record<string, string>>
  }
  readonly inputs: readonly DatasetRecord[]
}

export interface DatasetRecord {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema: string | null
  readonly profile: string | null
  readonly tags: Readonly<Record<string, string>>
}

export interface ExperimentRecord {
  readonly experimentId: string
  readonly name: string
  readonly artifactLocation: string
  readonly lifecycleStage: 'active' | 'deleted'
  readonly creationTime: number
  readonly lastUpdateTime: number
  readonly tags: Readonly<Record<string, string>>
}

export interface MetricPoint {
  readonly key: string
  readonly step: number
  readonly timestamp: number
  readonly value: number
}

export interface ArtifactEntry {
  readonly path: string
  readonly isDir: boolean
  /** Bytes; 0 for a folder. */
  readonly size: number
}
