import { createSHA256 } from 'hash-wasm'

/** Bytes up to this size are hashed at once by the platform; larger ones in a stream, since the platform's digest cannot stream. */
const AT_ONCE_BYTES = 8 * 1024 * 1024

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** 64 lower-case hex digits. */
export async function sha256Hex(bytes: BufferSource): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** The same for a Blob of any size, in bounded memory. */
export async function blobSha256Hex(blob: Blob): Promise<string> {
  if (blob.size <= AT_ONCE_BYTES) return sha256Hex(await blob.arrayBuffer())
  const hasher = await createSHA256()
  const reader = blob.stream().getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return hasher.digest('hex')
    hasher.update(value)
  }
}
