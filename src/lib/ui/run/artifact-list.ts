import type { ArtifactEntry } from '#lib/domain/artifact.ts'

/** Folders first, then names as people count them: `epoch-2` before `epoch-10`. */
export function sortEntries(entries: readonly ArtifactEntry[]): readonly ArtifactEntry[] {
  return [...entries].sort((a, b) => Number(b.isDir) - Number(a.isDir) || collator.compare(a.path, b.path))
}

const collator = new Intl.Collator('en', { numeric: true })

/** The folders a path lies in, outermost first: `a/b/c.txt` lies in `a` and `a/b`. */
export function foldersOf(path: string): readonly string[] {
  const segments = path.split('/').slice(0, -1)
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}
