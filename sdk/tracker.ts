import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { Connection } from './connection.ts'
import { messageOf, quietly, warnOnce } from './fate.ts'
import { loadPart } from './parts.ts'
import { Reader } from './reader.ts'
import { Rest } from './rest.ts'
import { Run } from './run.ts'
import { toTags } from './run-log.ts'
import type {
  ConnectOptions,
  ExperimentRecord,
  RunStatus,
  StartRunOptions,
  Status,
  SystemMetricsOptions
} from './types.ts'

type ExperimentChoice = { readonly experimentName: string } | { readonly experimentId: string } | object

interface ActiveRun {
  readonly run: Run
  readonly connection: Connection
  readonly experiment: ExperimentChoice
}

/** What the module's functions share: the connection, the current experiment and the stack of active runs. */
export class Tracker {
  readonly rest = new Rest(() => this.connection)
  readonly reader = new Reader(this.rest)
  /** For runs that do not say themselves; undefined leaves it to the environment. */
  systemMetrics: boolean | SystemMetricsOptions | undefined
  readonly #listeners = new Set<(status: Status) => void>()
  /** Sessions that were named, so that naming one again replays it. */
  readonly #named = new Map<string, Connection>()
  #options: ConnectOptions = {}
  #connection: Connection | null = null
  #experiment: ExperimentChoice = {}
  #stack: ActiveRun[] = []
  #lastRun: Run | null = null

  constructor() {
    if (typeof document === 'undefined') return
    // The last chance to hand over what is waiting; a page in the background may be discarded without another word.
    addEventListener('visibilitychange', () => document.hidden && this.#each((connection) => connection.stream.push()))
    addEventListener('pagehide', () => this.#each((connection) => connection.link.leave()))
    addEventListener('pageshow', () => this.#each((connection) => connection.link.comeBack()))
  }

  /** The connection of everything that names no session of its own; made when first needed. */
  get connection(): Connection {
    this.#connection ??= this.#newConnection(this.#options)
    return this.#connection
  }

  // ── connecting ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Connect now, and say where and how. With other options than before, or after a failure, what is logged from now on is a new session. */
  async connect(options: ConnectOptions): Promise<Status> {
    const { timeoutMs, ...lasting } = options
    const isOther = Object.keys(lasting).length > 0
    if (isOther) this.#options = { ...this.#options, session: undefined, port: undefined, ...lasting } as ConnectOptions
    if (isOther || this.#connection?.isOver) {
      this.#stack = []
      this.#connection = this.#newConnection(this.#options)
    }
    const { connection } = this
    await withTimeout(connection.link.opened(), timeoutMs, () => connection.status.message)
    return connection.status
  }

  /** Save everything, and let go. What is logged after this connects again, as a new session. */
  async disconnect(): Promise<void> {
    await this.flush()
    const over = new RunnelError(
      'INVALID_STATE',
      'This page disconnected from Runnel. Call connect(), and start or resume a run.'
    )
    this.#each(({ link }) => {
      link.leave()
      link.end('failed', over)
    })
    this.#connection = null
    this.#named.clear()
    this.#stack = []
    this.#tell()
  }

  #newConnection(options: ConnectOptions): Connection {
    const connection = new Connection(options, () => this.#tell())
    if (options.session !== undefined) {
      // The same numbers are coming again, so the ones before stop: they are the same operations.
      const before = this.#named.get(options.session)
      const replaced = new RunnelError(
        'INVALID_STATE',
        `Session '${options.session}' was started again, so its earlier handle is closed.`
      )
      before?.link.leave()
      before?.link.end('failed', replaced)
      this.#named.set(options.session, connection)
    }
    return connection
  }

  get status(): Status {
    const connections = this.#connections
    const shown = this.#stack.at(-1)?.connection ?? this.#connection ?? connections.at(-1)
    const pending = connections.reduce((sum, connection) => sum + connection.stream.pending, 0)
    return shown === undefined ? { state: 'idle', pending, message: null } : { ...shown.status, pending }
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener)
    listener(this.status)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    if (this.#listeners.size === 0) return
    const { status } = this
    for (const listener of this.#listeners) {
      try {
        listener(status)
      } catch (error) {
        warnOnce(`A status listener threw: ${String(error)}`)
      }
    }
  }

  get #connections(): Connection[] {
    return [...new Set([...this.#named.values(), ...(this.#connection === null ? [] : [this.#connection])])]
  }

  #each(work: (connection: Connection) => void): void {
    for (const connection of this.#connections) work(connection)
  }

  async flush(): Promise<void> {
    await Promise.all(this.#connections.map(({ stream }) => stream.flush()))
  }

  // ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get activeRun(): Run | null {
    return this.#stack.at(-1)?.run ?? null
  }

  get lastActiveRun(): Run | null {
    return this.#lastRun
  }

  /** The active run, started when there is none, as MLflow does. */
  get runToLog(): Run {
    return this.activeRun ?? this.begin({}).run
  }

  /** Start a run at once. `started` resolves when it is durable, and rejects (the run is then not active any more) when it is refused. */
  begin(options: StartRunOptions): { readonly run: Run; readonly started: Promise<void> } {
    this.#leaveReplayedRuns(options.session)
    const parent = this.#stack.at(-1)
    if (parent !== undefined && !options.nested)
      throw new RunnelError(
        'INVALID_STATE',
        `Run ${parent.run.runId} is already active. End it with endRun(), or start this one inside it with { nested: true }.`
      )
    const connection = this.#connectionFor(options.session, parent)
    const parentRunId = options.parentRunId ?? parent?.run.runId ?? null
    const tags = startTags(options, parentRunId)
    const experiment = this.#experimentFor(options, parent)
    const runId = options.runId === undefined ? connection.mintRunId() : String(options.runId)
    const run = new Run(connection.stream, runId, parentRunId, (ended) => this.#ended(ended))
    connection.adopt(run)
    this.#stack.push({ run, connection, experiment })
    this.#lastRun = run
    const started = connection.stream.op({
      op: 'startRun',
      runId,
      ...experiment,
      ...(options.runName !== undefined && { runName: String(options.runName) }),
      ...(options.runId !== undefined && { resume: true }),
      startTime: Date.now(),
      tags
    })
    started.catch(() => this.#ended(run))
    const asked = options.systemMetrics ?? this.systemMetrics ?? isAskedByEnvironment()
    if (asked) run.system = this.#watchSystem(connection, runId, asked)
    return { run, started }
  }

  /** Whatever goes wrong with it is said once, and is nothing to the run. */
  #watchSystem(connection: Connection, runId: string, asked: unknown): Run['system'] {
    const { host, url } = this.#options
    return loadPart(() => import('./runnel-system.ts'), '/runnel-system.js', host ?? url)
      .then(({ watchSystem }) =>
        watchSystem({
          runId,
          asked: [this.systemMetrics, asked],
          rest: new Rest(() => connection),
          isOver: () => connection.isOver,
          warn: warnOnce
        })
      )
      .catch((error: unknown) => warnOnce(`System metrics are not logged: ${messageOf(error)}`))
  }

  endRun(status: RunStatus): Promise<void> {
    return this.activeRun?.end(status) ?? Promise.resolve()
  }

  #ended(run: Run): void {
    this.#stack = this.#stack.filter((active) => active.run !== run)
  }

  /** A cell that is executed again with its session starts over: the runs it left open are the ones it is about to start. */
  #leaveReplayedRuns(session: string | undefined): void {
    if (session !== undefined) this.#stack = this.#stack.filter(({ connection }) => connection.session !== session)
    // Nothing can be logged to the runs of a connection that is over.
    this.#stack = this.#stack.filter(({ connection }) => !connection.isOver)
  }

  #connectionFor(session: string | undefined, parent: ActiveRun | undefined): Connection {
    if (session !== undefined) return this.#newConnection({ ...this.#options, session })
    return parent?.connection ?? this.connection
  }

  #experimentFor({ experiment, experimentId }: StartRunOptions, parent: ActiveRun | undefined): ExperimentChoice {
    if (experimentId !== undefined) return { experimentId: String(experimentId) }
    if (experiment === undefined) return parent?.experiment ?? this.#experiment
    return { experimentName: String(experiment) }
  }

  // ── experiments ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs started from now on belong to this experiment. Takes effect at once; resolves with the experiment, made when absent. */
  setExperiment(name: string): Promise<ExperimentRecord> {
    this.#experiment = { experimentName: String(name) }
    return quietly(this.#findOrCreate(name))
  }

  async #findOrCreate(name: string): Promise<ExperimentRecord> {
    const known = await this.reader.experimentByName(name)
    if (known !== null) {
      if (known.lifecycleStage === 'active') return known
      throw invalid(`The experiment '${name}' is in the trash. Restore it there, or choose another name.`)
    }
    try {
      await this.rest.post('experiments/create', { name })
    } catch (error) {
      // Somebody else was faster: a run started meanwhile makes its experiment itself.
      if (!(error instanceof RunnelError) || error.code !== 'RESOURCE_ALREADY_EXISTS') throw error
    }
    return (await this.reader.experimentByName(name))!
  }

  /** Where a search looks when it is not told. */
  async currentExperimentIds(): Promise<string[]> {
    const choice = this.#experiment
    if ('experimentId' in choice) return [choice.experimentId]
    if (!('experimentName' in choice)) return [DEFAULT_EXPERIMENT_ID]
    const known = await this.reader.experimentByName(choice.experimentName)
    return known === null ? [] : [known.experimentId]
  }
}

/** Where there is an environment, and leave to read it. */
function isAskedByEnvironment(): boolean {
  try {
    return /^(1|true)$/i.test(process.env['MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING']!)
  } catch {
    return false
  }
}

/** The author's tags, and MLflow's own for what they say better than a tag: parent, description, where the code is. */
function startTags(
  { tags = {}, description }: StartRunOptions,
  parentRunId: string | null
): { key: string; value: string }[] {
  return toTags({
    ...(typeof document !== 'undefined' && {
      [TAGS.sourceName]: location.href.split(/[?#]/)[0],
      [TAGS.sourceType]: 'NOTEBOOK'
    }),
    ...tags,
    ...(parentRunId !== null && { [TAGS.parentRunId]: parentRunId }),
    ...(description !== undefined && { [TAGS.note]: description })
  })
}

async function withTimeout(
  promise: Promise<void>,
  timeoutMs: number | undefined,
  waitingFor: () => string | null
): Promise<void> {
  if (timeoutMs === undefined) return promise
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = waitingFor() ?? 'Runnel did not answer.'
      reject(new RunnelError('TEMPORARILY_UNAVAILABLE', `Not connected after ${timeoutMs} ms. ${reason}`))
    }, timeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
