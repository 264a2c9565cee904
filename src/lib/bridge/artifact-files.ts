/** The bytes of artifacts, on their way to where their run keeps them. */
import { parseArtifactPath } from '#lib/domain/artifact.ts'
import { RunnelError, type WireError } from '#lib/domain/errors.ts'
import { isRunId } from '#lib/domain/ids.ts'
import { findRunInfo } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { IN_FOLDER, type ArtifactOp, type StoredFile, type StoredFiles } from './ops.ts'
import type { ParsedPut } from './wire-check.ts'

/**
 * Make the bytes of all artifacts durable, before the transaction that points at them. Never rejects: a failure is its artifact's.
 *
 * describe  a failure of the store in words that may leave this host
 */
export async function storeFiles(
  store: Store,
  puts: readonly ParsedPut[],
  describe: (error: unknown) => WireError
): Promise<StoredFiles> {
  const stored = new Map<ArtifactOp, StoredFile>()
  for (const op of puts.flatMap((put) => put.ops ?? [])) {
    if (op?.op !== 'artifact') continue
    try {
      stored.set(op, await storeFile(store, op))
    } catch (error) {
      stored.set(op, asAnswer(error, op, describe))
    }
  }
  return stored
}

async function storeFile(store: Store, op: ArtifactOp): Promise<StoredFile> {
  const { localArtifacts } = store
  if (localArtifacts === null) return store.blobs.put(op.blob)
  const { runId } = op
  const run = isRunId(runId) ? await store.read((r) => findRunInfo(r, runId)) : null
  // A run that may not be written to is refused in the transaction.
  if (run?.lifecycleStage !== 'active' || !localArtifacts.serves(run.artifactUri)) return store.blobs.put(op.blob)
  await localArtifacts.put(run.artifactUri, parseArtifactPath(op.path), op.blob)
  return IN_FOLDER
}

/**
 * A file that does not fit is refused and what follows goes on, unlike points, which wait for room: one large file must not hold up a
 * training run's curves.
 */
function asAnswer(error: unknown, op: ArtifactOp, describe: (error: unknown) => WireError): RunnelError {
  if (error instanceof RunnelError) return error
  const reason = describe(error).message
  return new RunnelError('INTERNAL_ERROR', `The bytes of artifact '${op.path}' could not be stored: ${reason}`, {
    cause: error
  })
}

/**
 * The same operations as several writes, none of which starts a run and keeps a file after it: where a run keeps its files is known only
 * once it is there.
 */
export function splitAtFiles(puts: readonly ParsedPut[]): ParsedPut[][] {
  const writes: ParsedPut[][] = [[]]
  let startsRun = false
  for (const put of puts) {
    let from = 0
    for (const [at, op] of (put.ops ?? []).entries()) {
      if (op?.op === 'startRun') startsRun = true
      if (op?.op !== 'artifact' || !startsRun) continue
      if (at > from) writes.at(-1)!.push(part(put, from, at))
      writes.push([])
      startsRun = false
      from = at
    }
    writes.at(-1)!.push(from === 0 ? put : part(put, from, put.n))
  }
  return writes
}

const part = (put: ParsedPut, from: number, to: number): ParsedPut => ({
  t: 'put',
  from: put.from + from,
  n: to - from,
  ops: put.ops!.slice(from, to)
})
