/** Files of experiments in tests: written and merged as a page would have it. */
import type { ExperimentId } from '#lib/domain/ids.ts'
import { exportFile } from '#lib/store/files/export-file.ts'
import type { MergeOutcome } from '#lib/store/files/merge-file.ts'
import { mergeFile } from '#lib/store/files/open-source.ts'
import { FileProgress } from '#lib/store/files/progress.ts'
import { openSqlJs, type TestStore } from './engines.ts'

export async function fileOf({ store }: TestStore, ids: readonly ExperimentId[] | null = null): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of exportFile(store, { ids, writtenBy: 'runnel tests' })) pieces.push(piece)
  return new Blob(pieces)
}

export function merge({ store }: TestStore, file: Blob, progress = new FileProgress()): Promise<MergeOutcome> {
  return mergeFile(store, file, openSqlJs, progress)
}
