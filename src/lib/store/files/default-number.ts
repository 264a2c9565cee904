/** What follows from when a store began: it stays, and no two stores of the same people begin in the same millisecond. */
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { keysHash } from '#lib/domain/sync/key-lists.ts'
import type { Writer } from '#lib/domain/sync/facts.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { getExperiment } from '../experiments.ts'
import type { Store } from '../store.ts'

async function beginningOf(store: Store): Promise<string> {
  const { creationTime } = await store.read((r) => getExperiment(r, DEFAULT_EXPERIMENT_ID))
  return `runnel store of ${creationTime}`
}

/**
 * The number a store's Default experiment goes by in files: every store has one, and a copy of a store has the same. It may go by another
 * where it is shared through a host.
 */
export async function defaultNumberOf(store: Store): Promise<SharedId> {
  const value =
    new DataView(hashBytes(`Default of ${await beginningOf(store)}`).buffer).getBigUint64(0) & ((1n << 53n) - 1n)
  return String(value === 0n ? 1n : value) as SharedId
}

/** The name facts of a database go by that has said nothing itself: 64 bits as 11 characters, as any writer's. */
export async function writerOfDatabase(copy: Store): Promise<Writer> {
  const text = btoa(String.fromCharCode(...hashBytes(await beginningOf(copy))))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') as Writer
}

const hashBytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(keysHash(text).match(/../g)!, (pair) => Number.parseInt(pair, 16))
