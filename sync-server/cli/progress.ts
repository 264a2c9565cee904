import type { Io } from './io.ts'

/** Smaller files are there before anybody has read a line about them. */
const WORTH_SHOWING_BYTES = 8 * 1024 * 1024
const SHOW_EVERY_MS = 200

export interface Progress {
  readonly add: (bytes: number) => void
  readonly done: () => void
}

/**
 * A line about a big file on its way, for somebody who watches.
 *
 * sizeBytes  null when it is not known
 */
export const showProgress = (io: Io, name: string, sizeBytes: number | null): Progress => {
  if (!io.isWatched || (sizeBytes !== null && sizeBytes < WORTH_SHOWING_BYTES)) return { add: () => {}, done: () => {} }
  let bytes = 0
  let shownAtMs = 0
  const show = (): void => {
    const share =
      sizeBytes === null ? '' : ` of ${megabytes(sizeBytes)} MB (${Math.floor((bytes / sizeBytes) * 100)} %)`
    io.err(`\r\u001b[K${name}: ${megabytes(bytes)}${share}`)
  }
  show()
  return {
    add: (more) => {
      bytes += more
      const now = performance.now()
      if (now - shownAtMs < SHOW_EVERY_MS) return
      shownAtMs = now
      show()
    },
    done: () => io.err('\r\u001b[K')
  }
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
