/**
 * Which value of a cell wins, and how the facts of several writers come together. Nothing here depends on the order in which facts arrived:
 * joining is commutative, associative and idempotent.
 *
 *   field       of                                    who wins
 *   g           how it began: times, user, names      the first said
 *   p/<key>     a param                               the first said; other values are conflicts, and kept
 *   n           its name                              the last said
 *   t/<key>     a tag                                 the last said
 *   s           status and end                        the last said
 *   x           in the trash, and since when          the last said
 *   h           the experiment it stands in           the last said
 *   d/<…>       a dataset it was fed                  the first said
 *   i/<id>      a logged model it was fed             the first said
 *   o/<id>      a logged model it made                the first said
 *   a/<path>    a file                                the last said
 *   c/<id>      a comment                             the last said
 *   k/<…>       a measurement of a logged model       the first said
 *   z           deleted for good                      beats everything
 *
 *   of a registered model and its versions, beside g, t/, x and, of a version, h (its model), s (its status) and z:
 *   e           its description                       the last said
 *   l/<alias>   the version an alias stands for       the last said
 *   b           the stage a version is in             the last said
 *   f           where it came from                    the last said
 *   v/<model>   the number it claims in a model       the first said
 *   w/<model>   the number the host gave it there     the first said
 *
 * "First" and "last" are by time, then by writer.
 */
import { jsonText, type Json } from '../json.ts'
import type { Hlc } from './clock.ts'
import type { Cell, Facts, Writer } from './facts.ts'

export interface Said {
  readonly value: Json
  readonly hlc: Hlc
  readonly writer: Writer
}

export const FIELDS = {
  genesis: 'g',
  name: 'n',
  status: 's',
  /** MLflow's lifecycle stage. */
  stage: 'x',
  home: 'h',
  purged: 'z',
  description: 'e',
  /** A model version's stage, as in Staging and Production. */
  versionStage: 'b',
  origin: 'f'
} as const

export const PREFIXES = {
  param: 'p/',
  tag: 't/',
  dataset: 'd/',
  input: 'i/',
  output: 'o/',
  file: 'a/',
  comment: 'c/',
  measurement: 'k/',
  alias: 'l/',
  claim: 'v/',
  assigned: 'w/'
} as const

const FIRST_WINS = new Set<string>([
  FIELDS.genesis,
  PREFIXES.param,
  PREFIXES.dataset,
  PREFIXES.input,
  PREFIXES.output,
  PREFIXES.measurement,
  PREFIXES.claim,
  PREFIXES.assigned
])

/** A field without what is particular about it. */
export function kindOfField(field: string): string {
  const slash = field.indexOf('/')
  return slash === -1 ? field : field.slice(0, slash + 1)
}

/** What stands behind the prefix. */
export const restOfField = (field: string): string => field.slice(field.indexOf('/') + 1)

/** Below 0 when `a` was said before `b`. */
export const compareSaid = (a: Said, b: Said): number =>
  a.hlc - b.hlc || (a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : 0)

/** Whether the first value that was said stays. */
export const keepsFirst = (field: string): boolean => FIRST_WINS.has(kindOfField(field))

/** Whether `next` takes the place of `current`. */
export function wins(field: string, next: Said, current: Said): boolean {
  const order = compareSaid(next, current)
  return keepsFirst(field) ? order < 0 : order > 0
}

/** The winners, by field. */
export type Winners = Map<string, Said>

/** Let what a writer says come to the winners. */
export function joinCells(winners: Winners, writer: Writer, cells: readonly Cell[]): void {
  for (const { field, value, hlc } of cells) {
    const said = { value, hlc, writer }
    const current = winners.get(field)
    if (current === undefined || wins(field, said, current)) winners.set(field, said)
  }
}

export interface WriterFacts {
  readonly writer: Writer
  readonly facts: Facts
}

export function winnersOf(all: readonly WriterFacts[]): Winners {
  const winners: Winners = new Map()
  for (const { writer, facts } of all) joinCells(winners, writer, facts.cells)
  return winners
}

export const isPurged = (winners: ReadonlyMap<string, Said>): boolean => winners.has(FIELDS.purged)

/** A param that was set to several values: the one that is used, and the others, the first said first. */
export interface ParamConflict {
  readonly key: string
  readonly used: string
  readonly others: readonly { readonly value: string; readonly writer: Writer; readonly hlc: Hlc }[]
}

/** In the order of their keys. */
export function paramConflicts(all: readonly WriterFacts[]): ParamConflict[] {
  const byField = new Map<string, Said[]>()
  for (const { writer, facts } of all)
    for (const { field, value, hlc } of facts.cells) {
      if (!field.startsWith(PREFIXES.param)) continue
      const said = byField.get(field)
      if (said) said.push({ value, hlc, writer })
      else byField.set(field, [{ value, hlc, writer }])
    }
  return [...byField]
    .flatMap(([field, said]) => conflictOf(restOfField(field), said.sort(compareSaid)))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

function conflictOf(key: string, said: readonly Said[]): ParamConflict | [] {
  const used = jsonText(said[0]!.value)
  const others = new Map<string, Said>()
  for (const one of said) {
    const value = jsonText(one.value)
    if (value !== used && !others.has(value)) others.set(value, one)
  }
  if (others.size === 0) return []
  return { key, used, others: [...others].map(([value, { writer, hlc }]) => ({ value, writer, hlc })) }
}
