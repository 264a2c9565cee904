/**
 * Random runs, random trees: SQL on both engines and the plain evaluation in memory find the same runs in the same order.
 *
 * `FUZZ_SEED=N` repeats a run, `FUZZ_CASES=N` lengthens it; fast-check prints both with the smallest failing case.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Experiment } from '#lib/domain/experiment.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { RUN_STATUSES, type Run } from '#lib/domain/run.ts'
import { completeAt } from '#lib/domain/search/complete.ts'
import { compareExperiments, compareRuns, experimentMatches, runMatches } from '#lib/domain/search/evaluate.ts'
import { highlightFilter } from '#lib/domain/search/highlight.ts'
import { parseExperimentFilter, parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { parseExperimentOrderBy, parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { printField, printFilter, printOrderBy } from '#lib/domain/search/print.ts'
import { SearchSyntaxError } from '#lib/domain/search/syntax-error.ts'
import {
  joinTerms,
  type Comparison,
  type ExperimentAttribute,
  type Field,
  type FilterTree,
  type KeyedText,
  type OrderBy,
  type RunAttribute
} from '#lib/domain/search/tree.ts'
import { RUNS } from '#lib/domain/search/vocabulary.ts'
import { experimentIds } from '#lib/store/search/experiments.ts'
import { runIds } from '#lib/store/search/runs.ts'
import { ENGINES } from '../support/engines.ts'
import { openSearchData, sketchRun } from '../support/search-data.ts'
import { cpuMs } from '../support/cpu-ms.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env['FUZZ_CASES'] ?? 200)
console.info(`search fuzz: FUZZ_SEED=${seed} FUZZ_CASES=${numRuns}`)
const runs = { seed, numRuns }

// Few keys and values, so that clauses often meet a value; odd ones, so that quoting and patterns are put to work.
const KEYS = [
  'A',
  'a.b',
  'x/y',
  'two words',
  '`tick`',
  "it's",
  '"q"',
  `'"\``,
  '%',
  'ключ',
  '1',
  'from',
  '\\',
  ''
] as const
const TEXTS = [
  ...[
    '',
    'a',
    'A',
    'ab',
    'aXb',
    'a_b',
    'a%b',
    'a*b',
    'a?b',
    '[a]',
    ']',
    '^a',
    'a]b',
    "'",
    '"',
    `'"`,
    `"'`,
    '\\',
    "\\'",
    '`',
    "''"
  ],
  ...[
    'é',
    'É',
    'z',
    'Z',
    '\ufffd',
    '😀',
    'a😀b',
    'a\nb',
    ' a',
    'E',
    "E'",
    '10',
    '9',
    '1e3',
    'NaN',
    'null',
    '--',
    ';',
    'a\u0000b'
  ]
] as const
const NUMBERS = [
  0,
  1,
  -1,
  0.5,
  1e-7,
  1e300,
  1.7976931348623157e308,
  Infinity,
  -Infinity,
  2 ** 53 - 1,
  123456789.125
] as const

const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b') }, fc.constantFrom(...KEYS))
const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...TEXTS) }, fc.string({ unit: 'binary', maxLength: 4 }))
const number = fc
  .oneof({ weight: 4, arbitrary: fc.constantFrom(...NUMBERS) }, fc.double({ noNaN: true }))
  .map((value) => value + 0)

/** A text as a pattern that matches it, nearly: some characters given up for a wildcard, some in the other case. */
const pattern = fc
  .tuple(text, fc.array(fc.constantFrom('same', 'same', '_', '%', 'case', 'gone'), { minLength: 4, maxLength: 4 }))
  .map(([word, changes]) => [...word, ''].map((char, at) => changed(char, changes[at] ?? 'same')).join(''))

function changed(char: string, change: string): string {
  if (change === '_' || change === '%') return change
  if (change === 'case') return char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase()
  return change === 'gone' ? '' : char
}

// ── trees ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const ofKind = <K extends 'metric' | 'param' | 'tag'>(...kinds: K[]) =>
  fc.tuple(fc.constantFrom(...kinds), key).map(([kind, name]) => ({ kind, key: name }) as Field & { kind: K })

const attribute = <A extends string>(...names: A[]) =>
  fc.constantFrom(...names).map((name): Field<A> => ({ kind: 'attribute', key: name }))

interface Fields<A extends string> {
  readonly text: fc.Arbitrary<Field<A>>
  readonly number: fc.Arbitrary<Field<A>>
  readonly nullable: fc.Arbitrary<KeyedText>
}

function clauses<A extends string>(fields: Fields<A>): fc.Arbitrary<Comparison<A>> {
  return fc.oneof(
    fc.record({
      kind: fc.constant('number'),
      field: fields.number,
      comparator: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      value: number
    }),
    fc.record({ kind: fc.constant('text'), field: fields.text, comparator: fc.constantFrom('=', '!='), value: text }),
    fc.record({
      kind: fc.constant('text'),
      field: fields.text,
      comparator: fc.constantFrom('LIKE', 'ILIKE'),
      value: pattern
    }),
    fc.record({
      kind: fc.constant('set'),
      field: fields.text,
      comparator: fc.constantFrom('IN', 'NOT IN'),
      values: fc.array(text, { minLength: 1, maxLength: 3 })
    }),
    fc.record({
      kind: fc.constant('null'),
      field: fields.nullable,
      comparator: fc.constantFrom('IS NULL', 'IS NOT NULL')
    })
  )
}

function trees<A extends string>(clause: fc.Arbitrary<Comparison<A>>): fc.Arbitrary<FilterTree<A>> {
  return fc.letrec<{ tree: FilterTree<A> }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 2, arbitrary: clause },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 1, maxLength: 3 }))
          .map(([kind, terms]) => joinTerms(kind, terms)!)
      }
    )
  })).tree
}

const runText: fc.Arbitrary<Field> = fc.oneof(
  { weight: 3, arbitrary: ofKind('param', 'tag') },
  attribute<RunAttribute>('run_id', 'run_name', 'status', 'artifact_uri', 'user_id'),
  fc.constantFrom('name', 'digest', 'context').map((name): Field => ({ kind: 'dataset', key: name }))
)
const runNumber: fc.Arbitrary<Field> = fc.oneof(
  { weight: 3, arbitrary: ofKind('metric') },
  attribute<RunAttribute>('start_time', 'end_time')
)
const runClause = clauses({ text: runText, number: runNumber, nullable: ofKind('param', 'tag') })
const runTree = trees(runClause)

const experimentTree = trees(
  clauses<ExperimentAttribute>({
    text: fc.oneof(ofKind('tag'), attribute<ExperimentAttribute>('name')),
    number: attribute<ExperimentAttribute>('creation_time', 'last_update_time'),
    nullable: ofKind('tag')
  })
)

const orders = <A extends string>(field: fc.Arbitrary<Field<A>>): fc.Arbitrary<OrderBy<A>[]> =>
  fc.uniqueArray(fc.record({ field, descending: fc.boolean() }), {
    maxLength: 3,
    selector: (order) => printField(order.field)
  })

const runOrders = orders(
  fc.oneof(
    runNumber,
    runText.filter((field) => field.kind !== 'dataset')
  )
)
const experimentOrders = orders(
  attribute<ExperimentAttribute>('name', 'creation_time', 'last_update_time', 'experiment_id')
)

// ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const dictionary = <V>(value: fc.Arbitrary<V>) => fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true })
const time = fc.constantFrom(0, 1, 2, 1e12)

const run = fc.record({
  // An engine hands text back up to a NUL.
  id: text.filter((id) => !id.includes('\0')),
  name: text,
  userId: text,
  status: fc.constantFrom(...RUN_STATUSES),
  startTime: time,
  endTime: fc.option(time),
  artifactUri: text,
  params: dictionary(text),
  tags: fc
    .tuple(dictionary(text), fc.option(text))
    .map(([tags, name]): Record<string, string> => (name === null ? tags : { ...tags, 'mlflow.runName': name })),
  metrics: dictionary(fc.oneof(number, fc.constant(NaN))),
  datasets: fc.array(fc.tuple(text, text, fc.option(text)), { maxLength: 2 })
})
const someRuns = fc
  .uniqueArray(run, { maxLength: 12, selector: (sketch) => sketch.id })
  .map((sketches): Run[] => sketches.map(sketchRun))

const experiment = fc.record({
  experimentId: fc.constantFrom(0, 1, 7, 2 ** 53 - 1).map((id) => String(id) as ExperimentId),
  name: text,
  artifactLocation: fc.constant(''),
  lifecycleStage: fc.constant('active' as const),
  creationTime: time,
  lastUpdateTime: time,
  tags: dictionary(text).map((tags) => Object.entries(tags).map(([key, value]) => ({ key, value })))
})
const someExperiments: fc.Arbitrary<Experiment[]> = fc
  .uniqueArray(experiment, { maxLength: 4, selector: ({ experimentId }) => experimentId })
  .map((list) => list.map((one, at) => ({ ...one, name: `${one.name}#${at}` })))

const several = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 12 })

// ── properties ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe.each(ENGINES)('search on %s', (engine) => {
  const data = openSearchData(engine)
  afterAll(() => data.close())

  it('finds the runs the plain evaluation finds, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(someRuns, several(runTree), runOrders, async (list, filters, orderBy) => {
        data.replace(list)
        for (const filter of [null, ...filters]) {
          const search = { experimentIds: ['1' as ExperimentId], filter, orderBy, view: 'ACTIVE_ONLY' } as const
          const expected = list.filter((one) => runMatches(filter, one)).sort((a, b) => compareRuns(orderBy, a, b))
          expect(await runIds(data.db, search), printFilter(filter)).toEqual(expected.map(({ info }) => info.runId))
        }
      }),
      runs
    )
  })

  it('finds the experiments the plain evaluation finds, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(someExperiments, several(experimentTree), experimentOrders, async (list, filters, orderBy) => {
        data.replace([], list)
        for (const filter of [null, ...filters]) {
          const expected = list
            .filter((one) => experimentMatches(filter, one))
            .sort((a, b) => compareExperiments(orderBy, a, b))
          const found = await experimentIds(data.db, { filter, orderBy, view: 'ALL' })
          expect(found, printFilter(filter)).toEqual(expected.map(({ experimentId }) => experimentId))
        }
      }),
      runs
    )
  })
})

describe('the text of a search', () => {
  it('reads back as the tree it was printed from', () => {
    fc.assert(
      fc.property(runTree, runOrders, (tree, orderBy) => {
        expect(parseRunFilter(printFilter(tree))).toEqual(tree)
        expect(parseRunOrderBy(orderBy.map(printOrderBy))).toEqual(orderBy)
      }),
      runs
    )
    fc.assert(
      fc.property(experimentTree, experimentOrders, (tree, orderBy) => {
        expect(parseExperimentFilter(printFilter(tree))).toEqual(tree)
        expect(parseExperimentOrderBy(orderBy.map(printOrderBy))).toEqual(orderBy)
      }),
      runs
    )
  })

  const fragment = fc.constantFrom(
    ...[
      'metrics.',
      'params.a',
      'tags.`a b`',
      'run_id',
      'status',
      'dataset.name',
      'foo',
      '=',
      '!=',
      '<',
      '>=',
      '!',
      "'x'",
      '"y"'
    ],
    ...[
      "'",
      '"',
      '`',
      "E'",
      '\\',
      '1',
      '-1.5e3',
      '1e',
      'AND',
      'OR',
      'NOT',
      'IN',
      'IS',
      'NULL',
      'LIKE',
      'ILIKE',
      '(',
      ')',
      ',',
      ';'
    ],
    ...['.', '-', '\n', '\u00a0', '😀', '\ud800', '\u0000', 'ASC', 'DESC', 'true']
  )
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(' ')),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(''))
  )

  it('is either read or refused with a place inside it', () => {
    fc.assert(
      fc.property(garbage, (filter) => {
        for (const parse of [parseRunFilter, parseExperimentFilter, (item: string) => parseRunOrderBy([item])]) {
          const error = thrownBy(() => parse(filter))
          if (error === null) continue
          expect(error).toBeInstanceOf(SearchSyntaxError)
          const { position, length, hint } = error as SearchSyntaxError
          expect(position).toBeGreaterThanOrEqual(0)
          expect(position + length).toBeLessThanOrEqual(filter.length)
          expect(hint).not.toBe('')
        }
      }),
      { ...runs, numRuns: numRuns * 5 }
    )
  })

  it('is completed and coloured wherever the caret stands', () => {
    fc.assert(
      fc.property(garbage, fc.nat(60), (filter, place) => {
        const caret = Math.min(place, filter.length)
        const { from, to, prefix } = completeAt(filter, caret, RUNS)
        expect(from).toBeLessThanOrEqual(caret)
        expect(to).toBeGreaterThanOrEqual(caret)
        expect(filter.toWellFormed().slice(from, caret)).toBe(prefix)
        const spans = highlightFilter(filter, RUNS)
        const between = spans.map((span, at) => filter.slice(spans[at - 1]?.end ?? 0, span.start))
        expect([...between, filter.slice(spans.at(-1)?.end ?? 0)].join('').trim()).toBe('')
      }),
      runs
    )
  })

  it('takes time linear in its length, whatever it says', () => {
    const hostile = [
      '(',
      ')',
      "'",
      '`',
      '"',
      "E'",
      'a IN (',
      "'a\\'",
      '-',
      'a.',
      'OR ',
      "a = '' ",
      'NOT ',
      '[',
      '1.',
      "''''",
      '`` '
    ]
    for (const unit of hostile) {
      const filter = unit.repeat(Math.floor(99_000 / unit.length))
      expect(
        cpuMs(() => void thrownBy(() => parseRunFilter(filter))),
        `${unit} repeated`
      ).toBeLessThan(1000)
    }
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}
