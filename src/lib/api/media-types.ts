/** The media type of an artifact, by the extension of its name: what MLflow's clients and pages preview, and a few more. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  cfg: 'text/plain',
  conf: 'text/plain',
  css: 'text/css',
  csv: 'text/csv',
  geojson: 'application/json',
  gif: 'image/gif',
  gz: 'application/gzip',
  htm: 'text/html',
  html: 'text/html',
  ini: 'text/plain',
  ipynb: 'application/json',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  jsonl: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  mlmodel: 'text/plain',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  parquet: 'application/vnd.apache.parquet',
  pdf: 'application/pdf',
  png: 'image/png',
  py: 'text/x-python',
  r: 'text/plain',
  sh: 'text/plain',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  toml: 'text/plain',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  xml: 'text/xml',
  yaml: 'text/plain',
  yml: 'text/plain',
  zip: 'application/zip'
}

/** `null` for an extension that says nothing. `MLmodel`, which has none, is YAML. */
export function guessMediaType(path: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  const extension = name.slice(name.lastIndexOf('.') + 1)
  return Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension]! : null
}

export const ANY_BYTES = 'application/octet-stream'
