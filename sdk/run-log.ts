import type { SessionOp } from '#lib/bridge/protocol.ts'
import { invalid } from '#lib/domain/errors.ts'
import { randomHex } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { describeDataset } from './datasets.ts'
import { messageOf, quietly } from './fate.ts'
import { imageToBlobs } from './images.ts'
import { mediaTypeOf } from './media-types.ts'
import type { SeriesRef } from './segments.ts'
import type { OpStream } from './stream.ts'
import type {
  ArtifactData,
  ArtifactOptions,
  DatasetDescription,
  ImageData2D,
  ImageSlot,
  InputOptions,
  PointOptions
} from './types.ts'

/**
 * Everything that can be logged to one run.
 *
 * Each call returns a promise that resolves when what it logged is durable, and rejects with a RunnelError (a `code` of MLflow's and a
 * sentence) when it was refused. Nobody has to await it: order is kept, and a refusal nobody listens to is a line in the console.
 */
export class RunLog {
  readonly runId: string
  readonly #stream: OpStream
  readonly #series = new Map<string, SeriesRef>()
  /** The promises of the last `logMetrics`, and the one made of them: a loop gets the same one until a message is full. */
  #lastParts: readonly Promise<void>[] = []
  #lastWhole: Promise<void> = Promise.resolve()

  /** @internal */
  constructor(stream: OpStream, runId: string) {
    this.#stream = stream
    this.runId = runId
  }

  /** Log one point of a metric. NaN and ±Infinity are kept as they are. */
  logMetric(key: string, value: number, options: PointOptions = {}): Promise<void> {
    try {
      return this.#point(key, value, options.step ?? 0, options.timestamp ?? Date.now())
    } catch (error) {
      return refused(error)
    }
  }

  /** Log one point of each of several metrics, at one step and time. */
  logMetrics(values: Readonly<Record<string, number>>, options: PointOptions = {}): Promise<void> {
    try {
      const step = options.step ?? 0
      const timestamp = options.timestamp ?? Date.now()
      // All or nothing: no point is logged when one value is no number.
      for (const key in values) this.#check(key, values[key]!, step, timestamp)
      const parts: Promise<void>[] = []
      for (const key in values) parts.push(this.#point(key, values[key]!, step, timestamp))
      return this.#whole(parts)
    } catch (error) {
      return refused(error)
    }
  }

  #point(key: string, value: number, step: number, timestamp: number): Promise<void> {
    return this.#stream.point(this.#check(key, value, step, timestamp), step, Math.floor(timestamp), value)
  }

  #check(key: string, value: number, step: number, timestamp: number): SeriesRef {
    if (typeof value !== 'number') throw invalid(`The value of metric '${key}' must be a number, not ${typeof value}.`)
    checkMoment(key, step, timestamp)
    return this.#series.get(key) ?? this.#newSeries(key)
  }

  #newSeries(key: string): SeriesRef {
    const series = { runId: this.runId, key: String(key), segment: null, index: 0 }
    this.#series.set(key, series)
    return series
  }

  #whole(parts: readonly Promise<void>[]): Promise<void> {
    const isSame = parts.length === this.#lastParts.length && parts.every((part, i) => part === this.#lastParts[i])
    if (!isSame) {
      this.#lastParts = parts
      this.#lastWhole = together(parts)
    }
    return this.#lastWhole
  }

  /** Log a param. It is set once: the same value again is fine, another is refused. Objects are kept as JSON. */
  logParam(key: string, value: unknown): Promise<void> {
    return this.#op(() => ({ op: 'param', runId: this.runId, key: String(key), value: toText(value) }))
  }

  logParams(params: Readonly<Record<string, unknown>>): Promise<void> {
    return together(Object.entries(params).map(([key, value]) => this.logParam(key, value)))
  }

  /** Set a tag; later values win. Objects are kept as JSON. */
  setTag(key: string, value: unknown): Promise<void> {
    return this.#op(() => ({ op: 'tag', runId: this.runId, key: String(key), value: toText(value) }))
  }

  setTags(tags: Readonly<Record<string, unknown>>): Promise<void> {
    return together(Object.entries(tags).map(([key, value]) => this.setTag(key, value)))
  }

  /** Delete a tag; refused when the run has none of that key. */
  deleteTag(key: string): Promise<void> {
    return this.#op(() => ({ op: 'deleteTag', runId: this.runId, key: String(key) }))
  }

  /** Keep bytes or text as an artifact at `path` (`/` between folders). A file of that path is replaced. */
  logArtifact(path: string, data: ArtifactData, options: ArtifactOptions = {}): Promise<void> {
    return this.#op(() => this.#artifact(path, data, options))
  }

  /** Keep several artifacts: paths and their data. */
  logArtifacts(files: Readonly<Record<string, ArtifactData>>): Promise<void> {
    return together(Object.entries(files).map(([path, data]) => this.logArtifact(path, data)))
  }

  logText(text: string, path: string): Promise<void> {
    return this.logArtifact(path, text)
  }

  /** Keep an object as a JSON artifact. */
  logDict(value: unknown, path: string): Promise<void> {
    try {
      return this.logArtifact(path, JSON.stringify(value, null, 2) ?? 'null', { mediaType: 'application/json' })
    } catch (cause) {
      return refused(invalid(`The value for '${path}' cannot be written as JSON: ${messageOf(cause)}`))
    }
  }

  /** Keep an image: at a path of its own, or as one of a series over steps (`{key, step}`), as MLflow names them. */
  logImage(image: ImageData2D, to: string | ImageSlot): Promise<void> {
    try {
      return typeof to === 'string' ? this.#imageAt(image, to) : this.#imageOfSeries(image, to)
    } catch (error) {
      return refused(error)
    }
  }

  #imageAt(image: ImageData2D, path: string): Promise<void> {
    const op = imageToBlobs(image, false).then(({ full }) => this.#artifact(path, full, {}))
    return this.#stream.op(op)
  }

  #imageOfSeries(image: ImageData2D, { key, step = 0, timestamp = Date.now() }: ImageSlot): Promise<void> {
    checkMoment(key, step, timestamp)
    // Folders are written with ~ in the name, as MLflow does.
    const base = `images/${key.replaceAll('/', '~')}+step+${step}+timestamp+${timestamp}+${randomHex(16)}`
    const blobs = imageToBlobs(image, true)
    return together([
      this.#stream.op(blobs.then(({ full }) => this.#artifact(`${base}.png`, full, {}))),
      this.#stream.op(blobs.then(({ thumbnail }) => this.#artifact(`${base}+compressed.webp`, thumbnail!, {}))),
      this.setTag(TAGS.loggedImages, 'True')
    ])
  }

  /** Record what the run was fed. */
  logInput(dataset: DatasetDescription, options: InputOptions = {}): Promise<void> {
    return this.#op(() => {
      const tags = { ...options.tags, ...(options.context !== undefined && { [TAGS.dataContext]: options.context }) }
      return { op: 'input', runId: this.runId, dataset: describeDataset(dataset), tags: toTags(tags) }
    })
  }

  #artifact(path: string, data: ArtifactData, { mediaType }: ArtifactOptions): SessionOp {
    // `logText(text, path)` teaches the other order; a Blob written out as a path would be kept without a word.
    if (typeof path !== 'string') throw invalid('An artifact needs its path as text first: logArtifact(path, data).')
    const isText = typeof data === 'string'
    const given = mediaType ?? (data instanceof Blob && data.type !== '' ? data.type : mediaTypeOf(path, isText))
    // A Blob made of a buffer holds a copy: the caller may go on writing into it.
    const blob = data instanceof Blob ? data : new Blob([data as BlobPart])
    if (blob.size > this.#stream.fileBytes)
      throw invalid(`'${path}' is too large to be logged to a host: upload it over HTTP.`)
    return { op: 'artifact', runId: this.runId, path, blob, mediaType: String(given) }
  }

  /** The rules of keys, lengths and paths are the store's; here only what cannot even be written down is refused. */
  #op(make: () => SessionOp): Promise<void> {
    try {
      return this.#stream.op(make())
    } catch (error) {
      return refused(error)
    }
  }
}

function checkMoment(key: string, step: number, timestamp: number): void {
  if (!Number.isSafeInteger(step)) throw invalid(`The step of '${key}' must be an integer, not ${step}.`)
  if (!(timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER))
    throw invalid(`The timestamp of '${key}' must be milliseconds since 1970, not ${timestamp}.`)
}

/** Texts as they are, objects as JSON, the rest as JavaScript writes it. */
function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? ''
  return String(value)
}

export const toTags = (tags: Readonly<Record<string, unknown>>): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value: toText(value) }))

export const refused = (error: unknown): Promise<never> =>
  quietly(Promise.reject<never>(error instanceof Error ? error : new Error(String(error))))

export const together = (parts: readonly Promise<void>[]): Promise<void> => {
  if (parts.length === 1) return parts[0]!
  return quietly(Promise.all(parts).then(() => undefined))
}
