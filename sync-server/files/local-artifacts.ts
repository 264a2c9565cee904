import { randomUUID } from 'node:crypto'
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Dirent, Stats } from 'node:fs'
import type { ArtifactEntry } from '#lib/domain/artifact.ts'
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { readSource, type ByteSource } from '#lib/store/blobs.ts'
import type { LocalArtifacts, LocalFile } from '#lib/store/local-artifacts.ts'
import { ContainedFolder, accessFailure, type OpenedFolder } from './contained-folder.ts'
import { FileBlob } from './file-blob.ts'
import { codeOf } from './file-failure.ts'

/** The folder of `--default-artifact-root`, and nothing above it. */
export class LocalFolder implements LocalArtifacts {
  /** The root as new experiments are to name it, without a `/` at its end: the StoreParts' `artifactRoot`. */
  readonly uri: string
  /** As it was named, which may be through symlinks, and as experiments name it. */
  readonly #named: string
  readonly #folder: ContainedFolder

  private constructor(uri: string, named: string, folder: ContainedFolder) {
    this.uri = uri
    this.#named = named
    this.#folder = folder
  }

  /**
   * root   a `file:` URI, or a path, which is taken from the current folder as MLflow takes it; the folder is made when it is not there
   * fails  INVALID_PARAMETER_VALUE when it names no folder of this machine
   */
  static async open(root: string): Promise<LocalFolder> {
    const isUri = /^file:/i.test(root)
    const named = isUri ? folderOf(root) : resolve(root)
    if (named === null) throw invalid(`${root} names no folder of this machine.`)
    try {
      await mkdir(named, { recursive: true })
      const uri = (isUri ? root : named).replace(/(?<=[^/])\/+$/, '')
      return new LocalFolder(uri, named, await ContainedFolder.at(named))
    } catch (cause) {
      throw accessFailure(cause)
    }
  }

  serves(artifactUri: string): boolean {
    return this.#find(artifactUri, '') !== null
  }

  async list(artifactUri: string, path: string): Promise<ArtifactEntry[]> {
    const folder = await this.#folder.openFolder(this.#place(artifactUri, path))
    if (!folder) return []
    try {
      const entries = await Promise.all(
        (await readdir(folder.path, { withFileTypes: true })).filter(isWhole).map(async (entry) => {
          const stats = await this.#lookAt(folder, entry)
          return stats && entryOf(path === '' ? entry.name : `${path}/${entry.name}`, stats)
        })
      )
      if (!(await folder.isStill())) return []
      return entries.filter((entry) => entry !== null).sort((a, b) => (a.path < b.path ? -1 : 1))
    } catch (cause) {
      throw accessFailure(cause)
    } finally {
      await folder.close()
    }
  }

  /** Null for what leads out of the folder, and for what has gone since. */
  async #lookAt(folder: OpenedFolder, entry: Dirent): Promise<Stats | null> {
    const path = join(folder.path, entry.name)
    if (!entry.isSymbolicLink()) return lstat(path).catch(() => null)
    const file = await this.#folder.openFile(path).catch(() => null)
    if (file) return statAndClose(file)
    const target = await this.#folder.openFolder(path).catch(() => null)
    if (!target) return null
    try {
      return await stat(target.path)
    } finally {
      await target.close()
    }
  }

  async open(artifactUri: string, path: string): Promise<LocalFile | null> {
    const place = this.#place(artifactUri, path)
    const measured = await this.#folder.openFile(place)
    if (!measured) return null
    const { size, mtimeMs, ino } = await statAndClose(measured)
    const reopen = async (): Promise<FileHandle> => {
      const handle = await this.#folder.openFile(place)
      const now = await handle?.stat()
      if (handle && now?.size === size && now.mtimeMs === mtimeMs && now.ino === ino) return handle
      await handle?.close()
      throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The file changed while it was read. Read it again.')
    }
    return { blob: new FileBlob({ size, open: reopen }), modifiedTime: Math.floor(mtimeMs) }
  }

  async put(artifactUri: string, path: string, source: ByteSource): Promise<void> {
    const place = this.#place(artifactUri, path)
    const folder = await this.#makeFolder(dirname(place))
    try {
      await replaceFile(folder, basename(place), source)
    } catch (cause) {
      throw accessFailure(cause)
    } finally {
      await folder.close()
    }
  }

  /** Step by step, so that none is made through a symlink that leads out. */
  async #makeFolder(path: string): Promise<OpenedFolder> {
    const steps = relative(this.#named, path).split(sep)
    let folder = insideOrInvalid(await this.#folder.openFolder(this.#named))
    for (const step of steps.filter((name) => name !== '')) {
      const outer = folder
      try {
        await mkdir(join(outer.path, step)).catch(unlessThere)
        folder = insideOrInvalid(await this.#folder.openFolder(join(outer.path, step)))
      } catch (cause) {
        throw accessFailure(cause)
      } finally {
        await outer.close()
      }
    }
    return folder
  }

  async remove(artifactUri: string): Promise<void> {
    const place = this.#place(artifactUri, '')
    if (place === this.#named) throw invalid('The artifact root itself is not removed.')
    const parent = await this.#folder.openFolder(dirname(place))
    if (!parent) return
    try {
      // A symlink is removed itself, not what it leads to.
      await rm(join(parent.path, basename(place)), { recursive: true, force: true })
    } catch (cause) {
      throw accessFailure(cause)
    } finally {
      await parent.close()
    }
    // The run's own folder, `<run>/artifacts` being gone: unless something else stands in it.
    if (dirname(place) !== this.#named) await rmdir(dirname(place)).catch(() => undefined)
  }

  #place(artifactUri: string, path: string): string {
    const place = this.#find(artifactUri, path)
    if (place === null) throw new RunnelError('NOT_IMPLEMENTED', 'This host does not serve that artifact root.')
    return place
  }

  /** Null outside the folder. `..` and its disguises are folded away here, so the text that is left says where it leads, symlinks aside. */
  #find(artifactUri: string, path: string): string | null {
    const root = folderOf(artifactUri)
    if (root === null) return null
    const place = path === '' ? root : join(root, ...path.split('/'))
    const isBelow = (folder: string): boolean =>
      place === folder || place.startsWith(folder === sep ? sep : folder + sep)
    return isBelow(this.#named) && (place === root || place.startsWith(root === sep ? sep : root + sep)) ? place : null
  }
}

/** The folder a URI or an absolute path names on this machine, without `.` and `..`; null for anything else. */
function folderOf(uri: string): string | null {
  if (/[\0?#]/.test(uri)) return null
  if (!/^file:/i.test(uri)) return isAbsolute(uri) ? withoutEnd(resolve(uri)) : null
  try {
    const path = fileURLToPath(uri)
    return path.includes('\0') ? null : withoutEnd(resolve(path))
  } catch {
    return null
  }
}

const withoutEnd = (path: string): string => (path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path)

/** What is being written has a name of its own until it is whole. */
const incomingName = (): string => `.${randomUUID()}.part`
const isWhole = ({ name }: Dirent): boolean => !/^\.[0-9a-f-]{36}\.part$/.test(name)

const entryOf = (path: string, stats: Stats): ArtifactEntry | null =>
  stats.isDirectory()
    ? { path, isDir: true, size: 0 }
    : stats.isFile()
      ? { path, isDir: false, size: stats.size }
      : null

/** Written beside its place and renamed into it, so that a reader sees the old file or the new one whole. */
async function replaceFile(folder: OpenedFolder, name: string, source: ByteSource): Promise<void> {
  const place = join(folder.path, name)
  const there = await lstat(place).catch(() => null)
  if (there?.isDirectory()) throw invalid(`Invalid path: '${name}' is a folder.`)
  const incoming = join(folder.path, incomingName())
  if (!(await folder.isStill())) throw invalid('Invalid path')
  const file = await open(incoming, 'wx')
  try {
    try {
      await file.writeFile(readSource(source, LIMITS.hostArtifactBytes))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(incoming, place)
  } catch (error) {
    await rm(incoming, { force: true }).catch(() => undefined)
    throw error
  }
}

async function statAndClose(handle: FileHandle): Promise<Stats> {
  try {
    return await handle.stat()
  } finally {
    await handle.close()
  }
}

function insideOrInvalid(folder: OpenedFolder | null): OpenedFolder {
  if (!folder) throw invalid('Invalid path')
  return folder
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error
}
