import { constants } from 'node:fs'
import { lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { sep } from 'node:path'
import { RunnelError } from '#lib/domain/errors.ts'
import { codeOf, fileFailure } from './file-failure.ts'

/** A folder held open. */
export interface OpenedFolder {
  /** For naming what stands in it: on Linux it goes on meaning this folder, whatever is moved or put in its place. */
  readonly path: string
  /** Whether `path` still means the folder that was opened. */
  readonly isStill: () => Promise<boolean>
  readonly close: () => Promise<void>
}

/**
 * No symlink in the last place (a resolved path has none, unless it was put there since), and no waiting for a pipe's writer.
 * Windows knows neither flag, and no such pipes.
 */
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Codes of a path that leads nowhere. */
const LEADS_NOWHERE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'])

/**
 * A folder out of which nothing is opened, by whatever symlink or renaming.
 *
 * A path is resolved first and then opened, and in between others can change what stands there. So what counts is where the opened file
 * is: on Linux the kernel says so of the handle itself (/proc/self/fd). Elsewhere what stands at the resolved path must be what was opened
 * afterwards too; someone who can write to the folder anyway, and changes it twice in that instant, gets past that.
 */
export class ContainedFolder {
  /** Without symlinks. */
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async at(path: string): Promise<ContainedFolder> {
    return new ContainedFolder(await realpath(path))
  }

  /** By its text alone: for a path without symlinks. */
  contains(realPath: string): boolean {
    return realPath === this.path || realPath.startsWith(this.path.endsWith(sep) ? this.path : this.path + sep)
  }

  /** A file, opened for reading; null when no file stands there inside. */
  async openFile(path: string): Promise<FileHandle | null> {
    const handle = await this.#open(path)
    if (!handle) return null
    if ((await orClose(handle, () => handle.stat())).isFile()) return handle
    await handle.close()
    return null
  }

  /** Null when no folder stands there inside. */
  async openFolder(path: string): Promise<OpenedFolder | null> {
    // Windows opens no folders as files.
    if (process.platform === 'win32') return this.#lookAtFolder(path)
    const handle = await this.#open(path)
    if (!handle) return null
    const folder = await orClose(handle, () => this.#asFolder(handle, path))
    if (!folder) await handle.close()
    return folder
  }

  async #asFolder(handle: FileHandle, path: string): Promise<OpenedFolder | null> {
    if (!(await handle.stat()).isDirectory()) return null
    const close = (): Promise<void> => handle.close()
    if ((await whereIs(handle)) !== null) return { path: pathOf(handle), isStill: () => Promise.resolve(true), close }
    const real = await realpath(path).catch(nothingOrThrow)
    const isStill = (): Promise<boolean> => (real === null ? Promise.resolve(false) : this.#stands(handle, real))
    return real !== null && (await isStill()) ? { path: real, isStill, close } : null
  }

  async #open(path: string): Promise<FileHandle | null> {
    try {
      const real = await realpath(path)
      if (!this.contains(real)) return null
      const handle = await open(real, SAFE_READ)
      if (await orClose(handle, () => this.#holds(handle, real))) return handle
      await handle.close()
      return null
    } catch (error) {
      return nothingOrThrow(error)
    }
  }

  async #lookAtFolder(path: string): Promise<OpenedFolder | null> {
    try {
      const real = await realpath(path)
      const isInside = this.contains(real) && (await lstat(real)).isDirectory()
      const isStill = async (): Promise<boolean> => (await realpath(real).catch(() => null)) === real
      return isInside ? { path: real, isStill, close: () => Promise.resolve() } : null
    } catch (error) {
      return nothingOrThrow(error)
    }
  }

  async #holds(handle: FileHandle, real: string): Promise<boolean> {
    const where = await whereIs(handle)
    return where === null ? this.#stands(handle, real) : this.contains(where)
  }

  async #stands(handle: FileHandle, real: string): Promise<boolean> {
    const again = await realpath(real)
    if (!this.contains(again)) return false
    const [opened, there] = await Promise.all([handle.stat({ bigint: true }), lstat(again, { bigint: true })])
    return opened.ino === there.ino && opened.dev === there.dev
  }
}

/** As `fileFailure`, and a 403 for what this process may not touch: clients would retry anything else for minutes. */
export function accessFailure(error: unknown): Error {
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM')
    return new RunnelError('PERMISSION_DENIED', 'This host has no right to that file or folder.', { cause: error })
  return fileFailure(error)
}

function nothingOrThrow(error: unknown): null {
  if (LEADS_NOWHERE.has(codeOf(error))) return null
  throw accessFailure(error)
}

/** What is asked of a handle; when that fails, the handle is let go of. */
async function orClose<T>(handle: FileHandle, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw error
  }
}

const pathOf = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`

/** Null where the system does not say. */
const whereIs = (handle: FileHandle): Promise<string | null> => readlink(pathOf(handle)).catch(() => null)
