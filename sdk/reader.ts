import { RunnelError } from '#lib/domain/errors.ts'
import { warnOnce } from './fate.ts'
import { list, toExperiment, toPoint, toRun, type Rest } from './rest.ts'
import type {
  ArtifactEntry,
  ExperimentRecord,
  MetricPoint,
  RunRecord,
  SearchExperimentsOptions,
  SearchRunsOptions
} from './types.ts'

type Page = Readonly<Record<string, unknown>>

const PAGE_SIZE = 1000
const HISTORY_PAGE = 25_000

/** Reading, over the MLflow REST routes. */
export class Reader {
  readonly #rest: Rest

  constructor(rest: Rest) {
    this.#rest = rest
  }

  async run(runId: string): Promise<RunRecord> {
    return toRun((await this.#rest.get('runs/get', { run_id: runId }))['run'] as Page)
  }

  /** In the order asked for; at most `maxResults`, 1000 unless said. Names that no experiment has are left out, with a warning. */
  async runs(options: SearchRunsOptions, defaultIds: readonly string[]): Promise<RunRecord[]> {
    const {
      experimentNames,
      experimentIds,
      filter = '',
      orderBy = [],
      maxResults = PAGE_SIZE,
      view = 'ACTIVE_ONLY'
    } = options
    const named = await Promise.all((experimentNames ?? []).map((name) => this.#idOf(name)))
    const isAsked = experimentNames !== undefined || experimentIds !== undefined
    const ids = isAsked ? [...(experimentIds ?? []), ...named.flat()] : defaultIds
    if (ids.length === 0) return []
    const body = { experiment_ids: ids, filter, order_by: orderBy, run_view_type: view }
    return this.#pages(maxResults, PAGE_SIZE, 'runs', toRun, (page) =>
      this.#rest.post('runs/search', { ...body, ...page })
    )
  }

  async #idOf(name: string): Promise<string[]> {
    const experiment = await this.experimentByName(name)
    if (experiment === null) warnOnce(`No experiment is called '${name}'.`)
    return experiment === null ? [] : [experiment.experimentId]
  }

  async experiment(experimentId: string): Promise<ExperimentRecord> {
    return toExperiment(
      (await this.#rest.get('experiments/get', { experiment_id: experimentId }))['experiment'] as Page
    )
  }

  async experimentByName(name: string): Promise<ExperimentRecord | null> {
    try {
      return toExperiment(
        (await this.#rest.get('experiments/get-by-name', { experiment_name: name }))['experiment'] as Page
      )
    } catch (error) {
      if (error instanceof RunnelError && error.code === 'RESOURCE_DOES_NOT_EXIST') return null
      throw error
    }
  }

  experiments({
    filter = '',
    orderBy = [],
    maxResults = PAGE_SIZE,
    view = 'ACTIVE_ONLY'
  }: SearchExperimentsOptions): Promise<ExperimentRecord[]> {
    const body = { filter, order_by: orderBy, view_type: view }
    return this.#pages(maxResults, PAGE_SIZE, 'experiments', toExperiment, (page) =>
      this.#rest.post('experiments/search', { ...body, ...page })
    )
  }

  /** Every point, in MLflow's order: timestamp, step, value. */
  history(runId: string, key: string): Promise<MetricPoint[]> {
    return this.#pages(Infinity, HISTORY_PAGE, 'metrics', toPoint, (page) =>
      this.#rest.get('metrics/get-history', { run_id: runId, metric_key: key, ...page })
    )
  }

  async artifacts(runId: string, path: string): Promise<ArtifactEntry[]> {
    const { files } = await this.#rest.get('artifacts/list', { run_id: runId, path: path || undefined })
    return list(files).map((file) => ({
      path: String(file['path']),
      isDir: file['is_dir'] === true,
      size: Number(file['file_size'] ?? 0)
    }))
  }

  /** The bytes of one artifact, wherever its run keeps them, as far as the store serves that. */
  artifact(runId: string, path: string): Promise<Blob> {
    return this.#rest.blob(`/get-artifact?${new URLSearchParams({ run_id: runId, path })}`)
  }

  async #pages<T>(
    most: number,
    pageSize: number,
    field: string,
    parse: (item: Page) => T,
    ask: (page: { max_results: number; page_token?: string }) => Promise<Page>
  ): Promise<T[]> {
    const found: T[] = []
    let token: unknown
    do {
      const size = Math.min(pageSize, most - found.length)
      const page = await ask({ max_results: size, ...(typeof token === 'string' && { page_token: token }) })
      found.push(...list(page[field]).map(parse))
      token = page['next_page_token']
    } while (typeof token === 'string' && token !== '' && found.length < most)
    return found
  }
}
