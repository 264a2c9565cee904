import { createContext } from 'svelte'
import { randomHex, type ExperimentId } from '#lib/domain/ids.ts'
import type { Commands } from '#lib/live/protocol.ts'
import { formatBytes, quoteName } from '../shared/format.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { exportFileName } from './file-name.ts'
import { outcomeWords } from './outcome-words.ts'

/** A file that is being written or opened. */
export interface FileJob {
  /** Names it to the store. */
  readonly id: string
  /** `Exporting “vision”` */
  readonly title: string
}

export interface FilesParts {
  readonly commands: Commands
  readonly toasts: Toasts
  /** Give a file to the reader. */
  readonly save: (file: Blob, name: string) => void
}

/** Files of experiments: one after the other; each says what came of it, and never fails. */
export class Files {
  readonly #parts: FilesParts
  #queue: Promise<void> = Promise.resolve()
  job = $state.raw<FileJob | null>(null)
  stopped = $state(false)

  constructor(parts: FilesParts) {
    this.#parts = parts
  }

  /** One experiment, or all of them when null. */
  export(experiment: { readonly experimentId: ExperimentId; readonly name: string } | null): Promise<void> {
    const { commands, toasts, save } = this.#parts
    const what = experiment === null ? 'all experiments' : quoteName(experiment.name)
    return this.#do(`Exporting ${what}`, async (id) => {
      try {
        const file = await commands.exportExperiments(experiment === null ? null : [experiment.experimentId], id)
        save(file, exportFileName(experiment?.name ?? null, new Date()))
        toasts.show({ message: `Exported ${what} (${formatBytes(file.size)}).` })
      } catch (error) {
        if (this.stopped) toasts.show({ message: 'The export was stopped.' })
        else toasts.fail(`${what[0]!.toUpperCase()}${what.slice(1)} could not be exported.`, error)
      }
    })
  }

  /** Merge what somebody chose or dropped. */
  async open(files: readonly File[]): Promise<void> {
    const { commands, toasts } = this.#parts
    for (const file of files)
      await this.#do(`Opening ${quoteName(file.name)}`, async (id) => {
        try {
          toasts.show(outcomeWords(file.name, await commands.mergeFile(file, id)))
        } catch (error) {
          toasts.fail(`${quoteName(file.name)} was not opened.`, error)
        }
      })
  }

  stop(): void {
    if (this.job === null) return
    this.stopped = true
    void this.#parts.commands.stopFileWork(this.job.id).catch(() => undefined)
  }

  #do(title: string, work: (id: string) => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      const id = randomHex(16)
      this.stopped = false
      this.job = { id, title }
      await work(id)
      this.job = null
    })
    return this.#queue
  }
}

export const [useFiles, setFiles] = createContext<Files>()
