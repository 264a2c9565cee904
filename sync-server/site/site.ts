import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { isCompressible } from './media-types.ts'

/** An encoding we can send; `identity` is the bytes as they are. */
export type Encoding = 'br' | 'gzip' | 'identity'

/** One file of the site, read once and kept until it changes on disk. */
export interface SiteFile {
  readonly path: string
  /** Strong for one encoding: the caller adds the encoding's name. */
  readonly hash: string
  readonly bytes: (encoding: Encoding) => Promise<Uint8Array<ArrayBuffer>>
  readonly isWorthEncoding: boolean
}

/** Below this an encoded answer saves less than its headers cost. */
const smallestWorthEncodingBytes = 1024

/** Brotli 9 costs about 60 ms for our largest script, once per start; 11 costs a second for 3 % more. */
const brotliQuality = 9

/**
 * The built site in a folder, looked up by the path of a URL.
 *
 * A path is refused (undefined) when it names anything outside the folder, however it is spelled, and when it names a hidden file:
 * the check runs on the decoded segments, before the file system is asked.
 */
export const openSite = (folder: string): { find: (urlPath: string) => Promise<SiteFile | undefined> } => {
  const kept = new Map<string, { readonly version: string; readonly file: SiteFile }>()
  const find = async (urlPath: string): Promise<SiteFile | undefined> => {
    const path = safePath(urlPath)
    if (path === undefined) return undefined
    const onDisk = join(folder, ...path.split('/'))
    const version = await fileVersion(onDisk)
    if (version === undefined) return undefined
    const known = kept.get(path)
    if (known?.version === version) return known.file
    const file = await readSiteFile(path, onDisk)
    if (file !== undefined) kept.set(path, { version, file })
    return file
  }
  return { find }
}

/** The relative path a URL path names, with `/` between segments, or undefined when it must not be looked up at all. */
const safePath = (urlPath: string): string | undefined => {
  let decoded: string
  try {
    decoded = decodeURIComponent(urlPath)
  } catch {
    return undefined
  }
  const segments = decoded.split('/').slice(1)
  const isPlain = (segment: string): boolean =>
    segment !== '' &&
    !segment.startsWith('.') &&
    !segment.includes('\0') &&
    !segment.includes('\\') &&
    !segment.includes(':')
  return segments.length > 0 && segments.every(isPlain) && !segments.some((segment) => segment.includes(sep))
    ? segments.join('/')
    : undefined
}

/** Changes when the file does: a rebuild under a running host is served at once. */
const fileVersion = async (onDisk: string): Promise<string | undefined> => {
  try {
    const found = await stat(onDisk)
    return found.isFile() ? `${found.mtimeMs}:${found.size}` : undefined
  } catch {
    return undefined
  }
}

const readSiteFile = async (path: string, onDisk: string): Promise<SiteFile | undefined> => {
  let plain: Buffer
  try {
    plain = await readFile(onDisk)
  } catch {
    // It went away between the two looks, as files do while a site is being rebuilt.
    return undefined
  }
  const encoded = new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>()
  const bytes = (encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> => {
    const known = encoded.get(encoding)
    if (known !== undefined) return known
    const made = encode(plain, encoding)
    encoded.set(encoding, made)
    return made
  }
  return {
    path,
    hash: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
    bytes,
    isWorthEncoding: isCompressible(path) && plain.byteLength >= smallestWorthEncodingBytes
  }
}

const encode = async (plain: Buffer, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> => {
  switch (encoding) {
    case 'br':
      return new Uint8Array(
        await promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } })
      )
    case 'gzip':
      return new Uint8Array(await promisify(gzip)(plain))
    case 'identity':
      return new Uint8Array(plain)
  }
}
