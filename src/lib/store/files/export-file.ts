/**
 * A file of experiments: what every store said of them, and the bytes that are here. docs/export-format.md.
 *
 *   experiments, and the model registry where all are wanted ─► shared from now on (facts are kept) ─► their records, by part ─► the blobs these name
 *
 * It is written as it is read: a part of the facts, or a piece of a blob, is in memory at a time.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import { encodeFiledRecord } from '#lib/domain/files/facts-entry.ts'
import { MANIFEST_NAME, blobName, factsName, writeManifest, type FiledExperiment } from '#lib/domain/files/manifest.ts'
import { DEFAULT_EXPERIMENT_ID, type BlobId, type ExperimentId } from '#lib/domain/ids.ts'
import { FILES } from '#lib/domain/limits.ts'
import { filesOfFacts, sealedOfFacts } from '#lib/domain/sync/blobs-of-facts.ts'
import { experimentSubject, REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import { ZipWriter } from '#lib/domain/zip/zip-writer.ts'
import { experimentSummaries, getExperiment } from '../experiments.ts'
import type { Store } from '../store.ts'
import { subjectsOfRoom } from '../sync/fact-rows.ts'
import { recordsOf } from '../sync/publication.ts'
import { trackRegistry } from '../sync/registry-sharing.ts'
import { shareExperiment } from '../sync/sharing.ts'
import { defaultNumberOf } from './default-number.ts'
import { hasRegistry } from './filed-registry.ts'
import type { FileProgress } from './progress.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface ExportOptions {
  /** Those of the trash may be among them once they are shared; null for all that are active, and the model registry. */
  readonly ids: readonly ExperimentId[] | null
  /** The program and its version. */
  readonly writtenBy: string
  readonly progress?: FileProgress
}

/** The bytes of a file of experiments. Fails when one is absent, when there is nothing, and when `progress` was stopped. */
export async function* exportFile(store: Store, { ids, writtenBy, progress }: ExportOptions): AsyncGenerator<Bytes> {
  const withRegistry = ids === null && (await store.read(hasRegistry))
  const experiments = await tracked(store, ids ?? (await allActive(store)), withRegistry)
  const rooms = [...experiments.map(({ id }) => id), ...(withRegistry ? [REGISTRY] : [])]
  const subjects = await store.read(async (r) => {
    const all = new Map<SharedId, Awaited<ReturnType<typeof subjectsOfRoom>>>()
    for (const id of rooms) all.set(id, await subjectsOfRoom(r, id))
    return all
  })
  const zip = new ZipWriter(store.now())
  const manifest = writeManifest({ experiments, writtenBy, writtenTime: store.now() })
  yield* zip.addDeflated(MANIFEST_NAME, oneOf(manifest), FILES.manifestBytes)
  progress?.begin(
    'facts',
    [...subjects.values()].reduce((sum, { length }) => sum + length, 0)
  )
  const blobs = new Set<BlobId>()
  for (const id of rooms) {
    const records = recordBytes(store, id, subjects.get(id)!, blobs, progress)
    yield* zip.addDeflated(factsName(id), records, FILES.factsBytes)
  }
  yield* blobEntries(store, zip, blobs, progress)
  yield* zip.end()
}

/** The Default experiment is everywhere, and empty in most places. */
async function allActive(store: Store): Promise<ExperimentId[]> {
  const all = await store.read((r) => experimentSummaries(r, 'ACTIVE_ONLY'))
  return all
    .filter(({ experimentId, runCount }) => experimentId !== DEFAULT_EXPERIMENT_ID || runCount > 0)
    .map(({ experimentId }) => experimentId)
}

/** From here on facts are kept of them, so that a later file says what changed since. */
async function tracked(store: Store, ids: readonly ExperimentId[], withRegistry: boolean): Promise<FiledExperiment[]> {
  if (withRegistry) await trackRegistry(store)
  else if (ids.length === 0) throw new RunnelError('INVALID_STATE', 'There is no experiment to export yet.')
  const found: FiledExperiment[] = []
  for (const id of new Set(ids)) {
    const number = id === DEFAULT_EXPERIMENT_ID ? await defaultNumberOf(store) : undefined
    const { sharedId } = await shareExperiment(store, id, '', number)
    const { name } = await store.read((r) => getExperiment(r, id))
    found.push({ id: sharedId, name })
  }
  return found
}

async function* oneOf(text: string): AsyncGenerator<Bytes> {
  yield await Promise.resolve(new TextEncoder().encode(text))
}

/** Encoded records, the experiment's own first; the blobs they name come to `blobs`. */
async function* recordBytes(
  store: Store,
  id: SharedId,
  subjects: Awaited<ReturnType<typeof subjectsOfRoom>>,
  blobs: Set<BlobId>,
  progress: FileProgress | undefined
): AsyncGenerator<Bytes> {
  const own = experimentSubject(id)
  const ordered = [...subjects.filter((subject) => subject === own), ...subjects.filter((subject) => subject !== own)]
  for (let from = 0; from < ordered.length; from += FILES.batchSubjects) {
    const part = ordered.slice(from, from + FILES.batchSubjects)
    progress?.step(part.length)
    // Records of one subject come together.
    const records = await recordsOf(store, part)
    for (const record of records) {
      for (const blobId of [...filesOfFacts(record.facts), ...sealedOfFacts(record.facts)]) blobs.add(blobId)
      const bytes = encodeFiledRecord(record)
      if (bytes.length > FILES.recordBytes)
        throw new RunnelError('RESOURCE_EXHAUSTED', `What is known of ${record.subject} is too much for one file.`)
      yield bytes
    }
  }
}

async function* blobEntries(
  store: Store,
  zip: ZipWriter,
  ids: ReadonlySet<BlobId>,
  progress: FileProgress | undefined
): AsyncGenerator<Bytes> {
  const sizes = new Map<BlobId, number>()
  for (const id of ids) {
    const blob = await store.blobsHere.get(id)
    // What is not here cannot be sent along: whoever opens the file is told.
    if (blob !== null) sizes.set(id, blob.size)
  }
  progress?.begin(
    'bytes',
    [...sizes.values()].reduce((sum, size) => sum + size, 0)
  )
  for (const id of sizes.keys()) {
    const blob = await store.blobsHere.get(id)
    if (blob === null) continue
    for await (const piece of zip.addStored(blobName(id), blob)) {
      progress?.step(piece.length)
      yield piece
    }
  }
}
