import { RunnelError } from '#lib/domain/errors.ts'
import type { Store } from '../store.ts'
import { isDatabase, openDatabaseSource, type OpenDatabase } from './database-source.ts'
import { openFileSource } from './file-source.ts'
import { mergeSource, type MergeOutcome } from './merge-file.ts'
import type { FileProgress } from './progress.ts'

/**
 * Merge what somebody gave: a file of experiments, or the database of a Runnel host.
 *
 * openDatabase  null where databases are not opened
 * fails         as opening either does, before anything is written; as the store does, when it cannot keep what comes
 */
export async function mergeFile(
  store: Store,
  file: Blob,
  openDatabase: OpenDatabase | null,
  progress: FileProgress
): Promise<MergeOutcome> {
  if (!(await isDatabase(file))) return mergeSource(store, await openFileSource(file), progress)
  if (openDatabase === null)
    throw new RunnelError('NOT_IMPLEMENTED', 'Databases are not opened here. Open a file that Runnel exported.')
  const source = await openDatabaseSource(store, file, openDatabase)
  try {
    return await mergeSource(store, source, progress)
  } finally {
    source.close()
  }
}
