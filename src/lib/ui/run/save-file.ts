import { baseName } from '#lib/domain/artifact.ts'

/** Browsers start a download a moment after it was asked for, and never tell when they have it. */
const URL_KEPT_MS = 60_000

/** Give a blob to the reader as a file. It is never opened in the page: the type is plain bytes whatever the blob says. */
export function saveBlob(blob: Blob, path: string): void {
  const url = URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'))
  saveUrl(url, path)
  setTimeout(() => URL.revokeObjectURL(url), URL_KEPT_MS)
}

/** Give what an address of this origin answers to the reader as a file: it goes to the disk and not through the page. */
export function saveUrl(url: string, path: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = baseName(path) || 'artifact'
  document.body.append(link)
  link.click()
  link.remove()
}
