import { describe, expect, it } from 'vitest'
import { SEARCH } from '../limits.ts'
import { parseExperimentFilter, parseRunFilter } from './parse-filter.ts'
import { SearchSyntaxError } from './syntax-error.ts'

const RUN_KEYS = `{'run_id', 'run_name', 'status', 'artifact_uri', 'user_id', 'start_time', 'end_time', 'created', 'Created', 'run name', 'Run name', 'Run Name'}`
const TEXT = `{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}`
const KEYED = `{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL'}`
const NUMBER = `{'=', '!=', '>', '>=', '<', '<='}`
const CLAUSES = 'Invalid clause(s) in filter string: '
const LIST = 'While parsing a list in the query, expected '

type Refused = readonly [filter: string, message: string, position: number, length: number, hint: RegExp]

/** MLflow's message where MLflow refuses, the place, and what the sentence for the person says. */
const REFUSED: readonly Refused[] = [
  ['  ', `Invalid filter '  '. Could not be parsed.`, 0, 2, /Expected a comparison/],
  // MLflow 3.11's own table
  ['NOT metrics.a > 1', `${CLAUSES}'NOT'`, 0, 3, /Expected a key at position 0; NOT stands only in NOT IN/],
  ['metrics.a = 1;', `${CLAUSES}';'`, 13, 1, /Expected AND or OR after 1 at position 13/],
  ['metrics.a', `${CLAUSES}'metrics.a'`, 9, 0, /Expected =, !=, >, >=, < or <= after metrics.a at the end/],
  ['params.a =', `${CLAUSES}'params.a', '='`, 10, 0, /Expected a quoted text after = at the end/],
  ['metrics.a BETWEEN 1 AND 2', `${CLAUSES}'metrics.a', 'BETWEEN', '1', '2'`, 10, 7, /after metrics.a at position 10/],
  ['1 < metrics.a', `Invalid comparison clause. Expected 'Identifier' found '1'`, 0, 1, /Expected a key instead of 1/],
  [`metrics.a > 'x'`, `Expected numeric value type for metric. Found 'x'`, 12, 3, /Expected a number instead of 'x'/],
  [`metrics.a LIKE 'x'`, `Expected numeric value type for metric. Found 'x'`, 10, 4, /Expected =, .* instead of LIKE/],
  [
    'metrics.a IS NULL',
    `IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'a'`,
    10,
    7,
    /instead of IS NULL/
  ],
  [`params.a > 'x'`, `Invalid comparator '>' not one of '${KEYED}'`, 9, 1, /Expected =, .* instead of > at position 9/],
  [
    'params.a = 1',
    `Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1`,
    11,
    1,
    /a quoted text/
  ],
  ['tags.a = true', `${CLAUSES}'tags.a', '=', 'true'`, 9, 4, /Expected a quoted text after =/],
  [
    `foo.bar = 'x'`,
    `Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`,
    0,
    3,
    /Expected one of metrics\., params\., tags\., datasets\. instead of foo\./
  ],
  [`foo = 'x'`, `Invalid attribute key 'foo' specified. Valid keys are '${RUN_KEYS}'`, 0, 3, /run_id.*metrics\./],
  [
    `experiment_id = '1'`,
    `Invalid attribute key 'experiment_id' specified. Valid keys are '${RUN_KEYS}'`,
    0,
    13,
    /run_id/
  ],
  [
    `attributes.lifecycle_stage = 'a'`,
    `Invalid attribute key 'lifecycle_stage' specified. Valid keys are '${RUN_KEYS}'`,
    11,
    15,
    /run_id/
  ],
  [
    `dataset.foo='x'`,
    `Invalid dataset key 'foo' specified. Valid keys are '{'name', 'digest', 'context'}'`,
    8,
    3,
    /name, digest, context/
  ],
  ['run_id IN ()', `${LIST}a non-empty list of string values, but got empty list`, 10, 2, /Expected a quoted text/],
  [`run_id IN 'a1'`, `${CLAUSES}'run_id', 'IN', ''a1''`, 10, 4, /Expected \( after IN at position 10/],
  [`start_time > 'x'`, `Expected numeric value type for numeric attribute: start_time. Found 'x'`, 13, 3, /a number/],
  [`params.my-key = 'x'`, `${CLAUSES}'params.my', '-', 'key', '=', ''x''`, 9, 1, /a key with - in it needs backticks/],
  // the rest of what MLflow says, tried against it
  ['metrics.a <> 1', `Invalid comparator '<>' not one of '${NUMBER}`, 10, 2, /instead of <>/],
  ['metrics.a == 1', `Invalid comparator '==' not one of '${NUMBER}`, 10, 2, /instead of ==/],
  ['metrics.a LIKE 1', `Invalid comparator 'LIKE' not one of '${NUMBER}`, 10, 4, /instead of LIKE/],
  [`params.a NOT  LIKE 'x'`, `Invalid comparator 'NOT LIKE' not one of '${KEYED}'`, 9, 9, /instead of NOT {2}LIKE/],
  [`run_id > 'a'`, `Invalid comparator '>' not one of '${TEXT}'`, 7, 1, /instead of >/],
  [`dataset.name < 'a'`, `Invalid comparator '<' not one of '${TEXT}`, 13, 1, /instead of </],
  [
    'status IS NULL',
    `IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'status'`,
    7,
    7,
    /IS NULL/
  ],
  ['metrics.a > metrics.b', 'Expected numeric value type for metric. Found metrics.b', 12, 9, /a number/],
  ['metrics.a > 1_000', 'Expected numeric value type for metric. Found 1_000', 12, 5, /a number/],
  ['metrics.a > 1e', 'Expected numeric value type for metric. Found 1e', 12, 2, /a number/],
  ['metrics.a > inf', 'Expected numeric value type for metric. Found inf', 12, 3, /a number/],
  ['metrics.a > nan', 'Expected numeric value type for metric. Found nan', 12, 3, /a number/],
  ['metrics.a > +1', `${CLAUSES}'metrics.a', '>', '+', '1'`, 12, 1, /Expected a number after > at position 12/],
  ['metrics.a > - 1', `${CLAUSES}'metrics.a', '>', '-', '1'`, 12, 1, /a number/],
  ['metrics.a IN (1)', 'Expected numeric value type for metric. Found (1)', 10, 2, /instead of IN/],
  [
    'start_time IN (1)',
    'Expected numeric value type for numeric attribute: start_time. Found (1)',
    11,
    2,
    /instead of IN/
  ],
  [
    'params.a = x',
    'Parameter value is either not quoted or unidentified quote types used for string value x. Use either single or double quotes.',
    11,
    1,
    /a quoted text/
  ],
  [
    'params.a = `x`',
    'Parameter value is either not quoted or unidentified quote types used for string value `x`. Use either single or double quotes.',
    11,
    3,
    /a quoted text/
  ],
  ['tags.a = null', `Expected a quoted string value for tag (e.g. 'my-value'). Got value null`, 9, 4, /a quoted text/],
  ['status = 1', 'Expected a quoted string value for attributes. Got value 1', 9, 1, /a quoted text/],
  ['dataset.name = 1', 'Expected a quoted string value for dataset attributes. Got value 1', 15, 1, /a quoted text/],
  [
    'run_id IN (1)',
    `${LIST}string value, punctuation, or whitespace, but got different type in list: (1)`,
    11,
    1,
    /a quoted text/
  ],
  [
    `run_id IN ('a',,'b')`,
    `${LIST}a non-empty list of string values, but got ill-formed list.`,
    15,
    1,
    /a quoted text/
  ],
  [`run_id IN ('a' 'b')`, `${LIST}a non-empty list of string values, but got ill-formed list.`, 15, 3, /a comma or \)/],
  [`run_id IN ('a'`, `${CLAUSES}'run_id', 'IN', '(', ''a''`, 14, 0, /Expected a comma or \) after 'a' at the end/],
  [`run_id IN ('a',`, `${CLAUSES}'run_id', 'IN', '(', ''a'', ','`, 15, 0, /Expected a quoted text/],
  ['params.a IS', `${CLAUSES}'params.a', 'IS'`, 11, 0, /Expected NULL or NOT NULL after IS/],
  ['params.a IS NOT', `${CLAUSES}'params.a', 'IS', 'NOT'`, 15, 0, /Expected NULL after NOT/],
  ['params.a NOT', `${CLAUSES}'params.a', 'NOT'`, 12, 0, /Expected IN after NOT/],
  ['metrics', `${CLAUSES}'metrics'`, 7, 0, /a comparator after metrics/],
  ['= 1', `${CLAUSES}'=', '1'`, 0, 1, /a key/],
  ['metrics.a > 1 AND metrics.b >', `${CLAUSES}'metrics.b', '>'`, 29, 0, /a number after >/],
  ['metrics.a > 1 )', `${CLAUSES}')'`, 14, 1, /AND or OR/],
  ['( metrics.a > 1', `${CLAUSES}'('`, 15, 0, /Expected \), AND or OR/],
  ['metrics.a > 1-2', `${CLAUSES}'-2'`, 13, 2, /AND or OR/],
  [`params.a = 'x' 'y'`, `${CLAUSES}''y''`, 15, 3, /AND or OR/],
  [
    'metrics.a = 1; metrics.b = 2',
    `Search filter contained multiple expression 'metrics.a = 1; metrics.b = 2'. Provide AND-ed expression list.`,
    13,
    1,
    /one expression/
  ],
  // ours alone
  ['metrics.a > 1 OR', `${CLAUSES}'OR'`, 16, 0, /a key or \( after OR/],
  ['OR metrics.a > 1', `${CLAUSES}'OR'`, 0, 2, /a key or \( at position 0/],
  ['metrics.a > 1 AND OR metrics.b > 1', `${CLAUSES}'OR'`, 18, 2, /a key or \( after AND/],
  ['metrics.a > 1 OR AND metrics.b > 1', `${CLAUSES}'AND'`, 17, 3, /a key or \( after OR/],
  ['()', `${CLAUSES}')'`, 1, 1, /a key or \( after \(/],
  ['params. = 1', 'Expected a key after params. at position 7', 7, 0, /a key after params\./],
  [`params.a = 'x`, `${CLAUSES}'params.a', '=', ''x'`, 11, 2, /never closes/],
  ["params.`a = 'x'", `${CLAUSES}'params.\`a = 'x''`, 0, 15, /never closes/],
  [
    `\`params.a\` = 'x'`,
    `Invalid attribute key 'params.a' specified. Valid keys are '${RUN_KEYS}'`,
    0,
    10,
    /quote only what follows the first dot/
  ],
  ['metrics.a/b > 1', `${CLAUSES}'metrics.a', '/', 'b', '>', '1'`, 9, 1, /a key with \/ in it needs backticks/]
]

describe('a run filter that cannot be read', () => {
  it.each(REFUSED)('%j', (filter, message, position, length, hint) => {
    const error = refusal(() => parseRunFilter(filter))
    expect({ message: error.message, position: error.position, length: error.length }).toEqual({
      message,
      position,
      length
    })
    expect(error.code).toBe('INVALID_PARAMETER_VALUE')
    expect(error.hint).toMatch(hint)
  })

  it('says what could stand there', () => {
    expect(refusal(() => parseRunFilter('metrics.a')).expected).toEqual(['=', '!=', '>', '>=', '<', '<='])
    expect(refusal(() => parseRunFilter('metrics.a > 1 (')).expected).toEqual(['a key', '('])
    expect(refusal(() => parseRunFilter(`status = 'x' 1`)).expected).toEqual(['AND', 'OR'])
  })

  it('counts positions in UTF-16 units, lone surrogates and all', () => {
    expect(refusal(() => parseRunFilter(`tags.a = '😀' !`)).position).toBe(14)
    expect(refusal(() => parseRunFilter(`tags.a = '\ud800' !`)).position).toBe(13)
  })

  it('names only so many tokens of a filter that is all wrong', () => {
    const { message } = refusal(() => parseRunFilter('!? '.repeat(30_000)))
    expect(message).toMatch(/^Invalid clause\(s\) in filter string: '!', '\?', .*, '\?', …$/)
    expect(message.length).toBeLessThan(400)
  })

  it('is bounded in length, depth, clauses and patterns', () => {
    const over = (filter: string) => refusal(() => parseRunFilter(filter)).message
    expect(over(' '.repeat(SEARCH.filterLength + 1))).toMatch(/at most 100000 characters/)
    expect(over(`${'('.repeat(SEARCH.depth + 1)}run_id = 'a'${')'.repeat(SEARCH.depth + 1)}`)).toMatch(
      /at most 32 parentheses/
    )
    expect(over(`run_id = 'a' `.repeat(SEARCH.clauses + 1))).toMatch(/at most 250 comparisons/)
    expect(over(`run_id LIKE '${'x'.repeat(SEARCH.patternLength + 1)}'`)).toMatch(/at most 10000 characters/)
    expect(parseRunFilter(`run_id = 'a' `.repeat(SEARCH.clauses))).toMatchObject({ kind: 'and' })
    expect(parseRunFilter(`${'('.repeat(SEARCH.depth)}run_id = 'a'${')'.repeat(SEARCH.depth)}`)).toMatchObject({
      kind: 'text'
    })
    expect(parseRunFilter(`(run_id = 'a') `.repeat(SEARCH.clauses))).toMatchObject({ kind: 'and' })
  })
})

describe('a tree', () => {
  it('has one form for one meaning', () => {
    const canonical = parseRunFilter(`run_id = 'a' AND (run_id = 'b' OR run_id = 'c' OR run_id = 'd') AND status = 'x'`)
    for (const same of [
      `run_id='a' (run_id='b' or (run_id='c' or run_id='d')) status="x"`,
      `((run_id = 'a')) AND (((run_id = 'b' OR run_id = 'c') OR run_id = 'd') AND status = 'x')`,
      `AND attributes.run_id = 'a' AND (AND run.run_id = 'b' OR run_id = 'c' OR run_id = 'd' AND) status = 'x' and`
    ]) {
      expect(parseRunFilter(same)).toEqual(canonical)
    }
  })

  it('binds AND tighter than OR', () => {
    expect(parseRunFilter(`run_id='a' OR run_id='b' AND run_id='c'`)).toMatchObject({
      kind: 'or',
      terms: [{ kind: 'text', value: 'a' }, { kind: 'and' }]
    })
  })

  it('names attributes canonically and keeps every other key as it is', () => {
    expect(parseRunFilter('Created > 5')).toMatchObject({ field: { kind: 'attribute', key: 'start_time' } })
    expect(parseRunFilter(`params.Created = '5'`)).toMatchObject({ field: { kind: 'param', key: 'Created' } })
    expect(parseRunFilter(`tags."\`a\`" = '5'`)).toMatchObject({ field: { kind: 'tag', key: 'a' } })
    expect(parseRunFilter('tags.`a``b` IS NULL')).toMatchObject({ field: { kind: 'tag', key: 'a``b' } })
  })

  it.each([
    [`'it''s'`, `it''s`],
    [`"it's"`, `it's`],
    [`'a\\'b'`, `a\\'b`],
    [`'a\\'`, `a\\`],
    [`E'it\\'s \\\\ "x"'`, `it's \\ "x"`],
    [`''`, ''],
    [`'a\nb'`, 'a\nb']
  ])('holds the text %s as %j', (written, value) => {
    expect(parseRunFilter(`params.a = ${written}`)).toMatchObject({ kind: 'text', value })
  })
})

describe('an experiment filter', () => {
  it.each([
    [`name = 'x'`],
    [`attribute.name LIKE 'x%'`],
    [`name ilike 'x'`],
    [`tag.a = 'x' AND tags.\`b c\` IS NOT NULL`],
    ['creation_time > 1 and last_update_time <= 2.5'],
    [`(name = 'x' OR tags.a IS NULL) AND creation_time != 0`],
    [`name IN ('a', 'b')`]
  ])('%j is read', (filter) => {
    expect(parseExperimentFilter(filter)).not.toBeNull()
  })

  it.each([
    [
      `attributes.name = 'x'`,
      `Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')`,
      0
    ],
    ['metrics.a > 1', `Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')`, 0],
    [`experiment_id LIKE '1'`, 'Invalid comparator for experiment_id: LIKE', 14],
    [
      `lifecycle_stage = 'active'`,
      `Invalid attribute key 'lifecycle_stage' specified. Valid keys are '{'name', 'experiment_id', 'creation_time', 'last_update_time'}'`,
      0
    ],
    ['name IS NULL', `IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'`, 5],
    [`name > 'a'`, `Invalid comparator '>' not one of '${TEXT}'`, 5],
    ['name = 1', 'Expected a quoted string value for attributes. Got value 1', 7],
    [`creation_time > 'x'`, `Expected numeric value type for numeric attribute: creation_time. Found 'x'`, 16],
    ['name', 'Invalid clause(s) in filter string: name', 4],
    ['name =', 'Invalid clause(s) in filter string: name, =', 6]
  ])('%j is refused', (filter, message, position) => {
    const error = refusal(() => parseExperimentFilter(filter))
    expect([error.message, error.position]).toEqual([message, position])
  })
})

function refusal(work: () => unknown): SearchSyntaxError {
  try {
    work()
  } catch (error) {
    if (error instanceof SearchSyntaxError) return error
    throw error
  }
  throw new Error('It was read')
}
