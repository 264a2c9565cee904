/**
 * Which runs of a list are drawn: a rule for all of them, and exceptions by name.
 *
 * Runs are named by their number within the experiment, which is short enough for a URL: `?runs=none&on=12,17`.
 */
export type VisibleRule = 'newest' | 'all' | 'none'

export interface Visibility {
  readonly rule: VisibleRule
  readonly on: ReadonlySet<number>
  readonly off: ReadonlySet<number>
}

/** How many are drawn before anybody chose: as many as can be told apart. */
export const NEWEST = 15

const NOBODY: ReadonlySet<number> = new Set()

export const DEFAULT_VISIBILITY: Visibility = { rule: 'newest', on: NOBODY, off: NOBODY }

export const byRule = (rule: VisibleRule): Visibility => ({ rule, on: NOBODY, off: NOBODY })

/** place: where the run stands in the list, newest first, from 0 */
export function isVisible({ rule, on, off }: Visibility, number: number, place: number): boolean {
  if (on.has(number)) return true
  if (off.has(number)) return false
  return rule === 'all' || (rule === 'newest' && place < NEWEST)
}

/** Show what is hidden, hide what is shown. An exception that says no more than the rule is dropped. */
export function toggleRun(visibility: Visibility, number: number, place: number): Visibility {
  const shows = !isVisible(visibility, number, place)
  const bare = { ...visibility, on: without(visibility.on, number), off: without(visibility.off, number) }
  if (isVisible(bare, number, place) === shows) return bare
  return shows ? { ...bare, on: with_(bare.on, number) } : { ...bare, off: with_(bare.off, number) }
}

export const isSolo = ({ rule, on }: Visibility, number: number): boolean =>
  rule === 'none' && on.size === 1 && on.has(number)

/** This run and no other; once more, and the default is back. */
export function soloRun(visibility: Visibility, number: number): Visibility {
  return isSolo(visibility, number) ? DEFAULT_VISIBILITY : { rule: 'none', on: new Set([number]), off: NOBODY }
}

const with_ = (numbers: ReadonlySet<number>, number: number): ReadonlySet<number> => new Set([...numbers, number])

const without = (numbers: ReadonlySet<number>, number: number): ReadonlySet<number> =>
  new Set([...numbers].filter((other) => other !== number))

// ── as a URL says it ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function readVisibility(params: URLSearchParams): Visibility {
  const rule = params.get('runs')
  const on = readNumbers(params.get('on'))
  const off = [...readNumbers(params.get('off'))].filter((number) => !on.has(number))
  return { rule: rule === 'all' || rule === 'none' ? rule : 'newest', on, off: new Set(off) }
}

const readNumbers = (text: string | null): ReadonlySet<number> =>
  new Set(
    (text ?? '')
      .split(',')
      .filter((part) => /^[1-9]\d{0,8}$/.test(part))
      .map(Number)
  )

/** The params that say it; null for those that go. */
export function visibilityParams({ rule, on, off }: Visibility): Readonly<Record<string, string | null>> {
  const list = (numbers: ReadonlySet<number>): string | null =>
    numbers.size === 0 ? null : [...numbers].sort((a, b) => a - b).join(',')
  return { runs: rule === 'newest' ? null : rule, on: list(on), off: list(off) }
}
