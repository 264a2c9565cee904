import type { EpochMs } from '#lib/domain/time.ts'
import type { Run } from '#lib/domain/run.ts'
import { isSystemTag, TAGS, type Tag } from '#lib/domain/tag.ts'

export const tagValue = (tags: readonly Tag[], key: string): string | null =>
  tags.find((tag) => tag.key === key)?.value ?? null

/** Tags people wrote, and the field's own. The description is neither: it has a place of its own. */
export function splitTags(tags: readonly Tag[]): { readonly own: readonly Tag[]; readonly system: readonly Tag[] } {
  const sorted = [...tags].sort((a, b) => (a.key < b.key ? -1 : 1)).filter((tag) => tag.key !== TAGS.note)
  return {
    own: sorted.filter((tag) => !isSystemTag(tag.key)),
    system: sorted.filter((tag) => isSystemTag(tag.key))
  }
}

/** A run that says it is running but has been silent this long was probably left behind by a process that died. */
export const STALE_AFTER_MS = 10 * 60 * 1000

/** The last sign of life of a run: its start, or the newest point that is the last of its metric. */
export const lastSign = (run: Run): EpochMs =>
  Math.max(run.info.startTime, ...run.data.metrics.map((metric) => metric.last.timestamp))

export const isStale = (run: Run, now: EpochMs): boolean =>
  run.info.status === 'RUNNING' && now - lastSign(run) > STALE_AFTER_MS

/** Where a git commit can be looked at, when its repository says so; null when it does not. */
export function commitUrl(tags: readonly Tag[], commit: string): string | null {
  const origin = tagValue(tags, 'mlflow.source.git.repoURL')
  const match =
    origin === null
      ? null
      : /^(?:https:\/\/|git@)(github\.com|gitlab\.com)[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(origin)
  return match && /^[0-9a-f]{7,64}$/i.test(commit) ? `https://${match[1]}/${match[2]}/commit/${commit}` : null
}
