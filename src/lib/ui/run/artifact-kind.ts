import { baseName } from '#lib/domain/artifact.ts'

/** How an artifact is shown. `none`: only its size and a download. */
export type PreviewKind = 'image' | 'text' | 'json' | 'table' | 'html' | 'markdown' | 'none'

export interface ArtifactKind {
  readonly preview: PreviewKind
  /** What a browser may take the bytes for while they are shown. Never a type that runs in our origin. */
  readonly mediaType: string
  /** For people: `PNG image`. */
  readonly label: string
}

const IMAGES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  bmp: 'image/bmp',
  svg: 'image/svg+xml'
}

const TEXTS = new Set(
  (
    'txt log text out err py ipynb js mjs cjs ts tsx jsx svelte vue css scss r jl rs go c h cc cpp hpp java kt scala rb php pl sh bash zsh ' +
    'fish ps1 bat sql toml ini cfg conf env yaml yml xml tex bib rst proto graphql dockerfile makefile gitignore lock diff patch ' +
    'mlmodel jsonl ndjson'
  ).split(' ')
)

const BINARY_LABELS: Readonly<Record<string, string>> = {
  pkl: 'Pickle',
  pickle: 'Pickle',
  joblib: 'Joblib file',
  pt: 'PyTorch file',
  pth: 'PyTorch file',
  ckpt: 'Checkpoint',
  safetensors: 'Safetensors file',
  onnx: 'ONNX model',
  h5: 'HDF5 file',
  npy: 'NumPy array',
  npz: 'NumPy arrays',
  parquet: 'Parquet file',
  zip: 'ZIP archive',
  gz: 'Gzip archive',
  tar: 'Tar archive',
  pdf: 'PDF document',
  db: 'Database'
}

/** What a path's name says about its bytes. A name says little: `text` is checked again against the bytes before it is shown. */
export function artifactKind(path: string): ArtifactKind {
  const name = baseName(path).toLowerCase()
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : name
  const image = IMAGES[extension]
  if (image) return { preview: 'image', mediaType: image, label: `${extension.toUpperCase()} image` }
  if (extension === 'json' || extension === 'geojson')
    return { preview: 'json', mediaType: 'text/plain', label: 'JSON' }
  if (extension === 'csv' || extension === 'tsv')
    return { preview: 'table', mediaType: 'text/plain', label: extension.toUpperCase() }
  if (extension === 'html' || extension === 'htm')
    return { preview: 'html', mediaType: 'text/html', label: 'HTML page' }
  if (extension === 'md' || extension === 'markdown')
    return { preview: 'markdown', mediaType: 'text/plain', label: 'Markdown' }
  if (TEXTS.has(extension)) return { preview: 'text', mediaType: 'text/plain', label: 'Text' }
  const label = BINARY_LABELS[extension] ?? (name.includes('.') ? `${extension.toUpperCase()} file` : 'File')
  // A name that says nothing may still be text (`README`, `requirements`): the bytes decide.
  const preview = name.includes('.') ? 'none' : 'text'
  return { preview, mediaType: 'application/octet-stream', label }
}

/** Whether the start of a file looks like text: no NUL, and hardly a byte that is not UTF-8. */
export function looksLikeText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false
  const text = new TextDecoder('utf-8').decode(bytes, { stream: true })
  const broken = text.split('\ufffd').length - 1
  return broken <= text.length * 0.05
}
