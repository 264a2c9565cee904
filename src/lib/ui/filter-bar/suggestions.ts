import { completeAt, type Completion } from '#lib/domain/search/complete.ts'
import { printField, printText } from '#lib/domain/search/print.ts'
import type { Field, RunAttribute } from '#lib/domain/search/tree.ts'
import { DATASET_KEYS, RUNS } from '#lib/domain/search/vocabulary.ts'
import { RUN_STATUSES } from '#lib/domain/run.ts'
import { isSystemTag } from '#lib/domain/tag.ts'
import type { ExperimentKeys, FieldValues } from '#lib/live/protocol.ts'
import { exactNumber, plural } from '../shared/format.ts'

/** Something that can stand at the caret. */
export interface Suggestion {
  readonly label: string
  /** What it is, in a word: `metric`, `param`. */
  readonly detail: string
  /** What is written, a space after it included where more has to follow. */
  readonly insert: string
}

export interface Suggestions {
  /** Replace `[from, to)`, in UTF-16 units. */
  readonly from: number
  readonly to: number
  readonly items: readonly Suggestion[]
  /** Whether the first is so likely meant that Enter takes it: something was typed, and it is not all of it yet. */
  readonly eager: boolean
}

/** A list longer than this is narrowed by typing, not by reading. */
const MOST = 60

/** What only the store knows of what can stand there. */
export type Asks =
  | { readonly kind: 'keys'; readonly search: string }
  | { readonly kind: 'values'; readonly field: Field; readonly typed: string }

export function asksAt(text: string, caret: number): Asks | null {
  const place = completeAt(text, caret, RUNS)
  if (place.kind === 'key') return { kind: 'keys', search: keySearch(place.prefix) }
  return place.kind === 'value' && place.field !== null
    ? { kind: 'values', field: place.field, typed: bare(place.prefix) }
    : null
}

/** What a key has to hold, without the word for its kind; nothing while only that is being typed. */
export function keySearch(typed: string): string {
  const text = bare(typed)
  const dot = text.indexOf('.')
  if (dot > 0 && RUNS.prefixes.has(text.slice(0, dot))) return text.slice(dot + 1)
  return [...RUNS.prefixes.keys()].some((prefix) => prefix.startsWith(text)) ? '' : text
}

/** What can stand at a caret, best first. `caret` counts UTF-16 units; `known` is what the store says of the field there. */
export function suggestionsAt(
  text: string,
  caret: number,
  keys: ExperimentKeys,
  known: FieldValues | null = null
): Suggestions {
  const place = completeAt(text, caret, RUNS)
  const typed = bare(place.prefix)
  const items = rank(candidates(place, keys, known), typed).slice(0, MOST)
  const complete = items.some((item) => item.insert.trim() === place.prefix)
  // A number is hardly ever the whole of what is meant by its first digits.
  const isNumber = place.kind === 'value' && known?.range != null
  return { from: place.from, to: place.to, items: complete ? [] : items, eager: typed !== '' && !isNumber }
}

function candidates(
  place: Completion<RunAttribute>,
  keys: ExperimentKeys,
  known: FieldValues | null
): readonly Suggestion[] {
  switch (place.kind) {
    case 'key':
      return fields(keys)
    case 'comparator':
      return place.options.map((option) => word(option, 'comparator'))
    case 'connective':
      return place.options.map((option) => word(option, option === ')' ? 'end of group' : ''))
    case 'value':
      return values(place.field, known)
  }
}

const word = (text: string, detail: string): Suggestion => ({ label: text, detail, insert: `${text} ` })

function fields(keys: ExperimentKeys): readonly Suggestion[] {
  const key = (field: Field, detail: string): Suggestion => word(printField(field), detail)
  const tags = [...keys.tags].sort((a, b) => Number(isSystemTag(a)) - Number(isSystemTag(b)))
  return [
    ...keys.metrics.map((name) => key({ kind: 'metric', key: name }, 'metric')),
    ...keys.params.map((name) => key({ kind: 'param', key: name }, 'param')),
    ...[...new Set(RUNS.attributes.values())].map((name) => key({ kind: 'attribute', key: name }, 'run')),
    ...tags.map((name) => key({ kind: 'tag', key: name }, 'tag')),
    ...DATASET_KEYS.map((name) => key({ kind: 'dataset', key: name }, 'dataset'))
  ]
}

function values(field: Field | null, known: FieldValues | null): readonly Suggestion[] {
  if (field?.kind === 'attribute' && field.key === 'status')
    return RUN_STATUSES.map((status) => word(`'${status}'`, 'status'))
  if (known === null) return []
  const [least, greatest] = known.range ?? []
  const ends = [end(least, 'least'), end(greatest, 'greatest')].flat()
  return [...ends, ...known.values.map(({ value, runs }) => word(printText(value), plural(runs, 'run')))]
}

/** An infinity has no word in the grammar. */
const end = (value: number | undefined, detail: string): Suggestion | [] =>
  value !== undefined && Number.isFinite(value) ? word(exactNumber(value), detail) : []

/** Quotes are how a key is written, not what it is called. */
const bare = (text: string): string => text.replace(/[`'"]/g, '').toLowerCase()

/** Those that hold what was typed: at their start first, then at the start of their key, then anywhere. */
function rank(items: readonly Suggestion[], typed: string): readonly Suggestion[] {
  if (typed === '') return items
  const score = ({ label }: Suggestion): number => {
    const text = bare(label)
    if (text.startsWith(typed)) return 0
    if (text.slice(text.indexOf('.') + 1).startsWith(typed)) return 1
    return text.includes(typed) ? 2 : 3
  }
  return items
    .map((item) => ({ item, score: score(item) }))
    .filter((each) => each.score < 3)
    .sort((a, b) => a.score - b.score)
    .map((each) => each.item)
}

/** The text with a suggestion taken, and where the caret goes. A space that stands there already is not doubled. */
export function takeSuggestion(
  text: string,
  { from, to }: Suggestions,
  taken: Suggestion
): { readonly text: string; readonly caret: number } {
  const after = text.slice(to).replace(/^ /, '')
  return { text: text.slice(0, from) + taken.insert + after, caret: from + taken.insert.length }
}
