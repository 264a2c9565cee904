import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { FileWork } from './file-work.ts'
import type { Commands } from './protocol.ts'

/** `files` undefined where nothing writes or merges files. */
export function createFileCommands(
  files: FileWork | undefined
): Pick<Commands, 'exportExperiments' | 'mergeFile' | 'stopFileWork'> {
  if (files === undefined)
    return { exportExperiments: refuse, mergeFile: refuse, stopFileWork: () => Promise.resolve() }
  return {
    exportExperiments: async (ids, job) => {
      if (ids !== null && (!Array.isArray(ids) || ids.length > LIVE.experiments))
        throw invalid('Experiments are named by their ids.')
      return files.export(ids, job)
    },
    mergeFile: (file, job) => files.merge(file, job),
    stopFileWork: (job) => {
      files.stop(job)
      return Promise.resolve()
    }
  }
}

const refuse = (): Promise<never> =>
  Promise.reject(new RunnelError('NOT_IMPLEMENTED', 'No files are written or opened here.'))
