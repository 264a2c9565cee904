import { describe, expect, it } from 'vitest'
import { SEARCH } from '../limits.ts'
import { parseExperimentOrderBy, parseRunOrderBy } from './parse-order-by.ts'
import { printOrderBy } from './print.ts'
import { SearchSyntaxError } from './syntax-error.ts'

describe('order_by of runs', () => {
  it.each([
    ['metrics.a', 'metrics.a ASC'],
    ['metric.a desc', 'metrics.a DESC'],
    ['metrics.a  asc', 'metrics.a ASC'],
    ['metrics.`a b` DESC', 'metrics.`a b` DESC'],
    ['metrics."a b" DESC', 'metrics.`a b` DESC'],
    [`metrics.'a b' DESC`, 'metrics.`a b` DESC'],
    ['`metrics`.a', 'metrics.a ASC'],
    ['metrics.asc', 'metrics.asc ASC'],
    ['params.desc desc', 'params.desc DESC'],
    ['created DESC', 'start_time DESC'],
    ['attributes.Created', 'start_time ASC'],
    ['"run_id"', 'run_id ASC'],
    ['tags.mlflow.user', 'tags.mlflow.user ASC'],
    ['  run_name ', 'run_name ASC']
  ])('%j is %j', (item, canonical) => {
    expect(parseRunOrderBy([item]).map(printOrderBy)).toEqual([canonical])
  })

  it.each([
    ['metrics.a foo', `Invalid ordering key in order_by clause 'metrics.a foo'.`, 10],
    ['run name', `Invalid ordering key in order_by clause 'run name'.`, 4],
    ['', `Invalid order_by clause ''. Could not be parsed.`, 0],
    ['metrics.a ASC DESC', `Invalid order_by clause 'metrics.a ASC DESC'. Could not be parsed.`, 14],
    ['metrics.a;', `Invalid order_by clause 'metrics.a;'. Could not be parsed.`, 9],
    ['params.my key DESC', `Invalid order_by clause 'params.my key DESC'. Could not be parsed.`, 14],
    ['params.a-b', `Invalid order_by clause 'params.a-b'. Could not be parsed.`, 9],
    ['metrics.a DESC, metrics.b', `Invalid order_by clause 'metrics.a DESC, metrics.b'. Could not be parsed.`, 14],
    [`'run_id'`, `Invalid order_by clause ''run_id''. Could not be parsed.`, 0],
    ['DESC', `Invalid order_by clause 'DESC'. Could not be parsed.`, 0],
    ['dataset.name', `Invalid identifier type 'dataset'`, 0],
    [
      'foo.bar',
      `Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`,
      0
    ],
    [
      '`run name`',
      `Invalid attribute key 'run name' specified. Valid keys are '{'run_id', 'run_name', 'status', 'artifact_uri', 'user_id', 'start_time', 'end_time', 'created', 'Created'}'`,
      0
    ]
  ])('%j is refused', (item, message, position) => {
    const work = () => parseRunOrderBy([item])
    expect(work).toThrow(SearchSyntaxError)
    expect(work).toThrow(expect.objectContaining({ message, position }))
  })

  it('refuses a field that comes twice, and more items than anyone needs', () => {
    const duplicate = {
      code: 'INVALID_PARAMETER_VALUE',
      message: "`order_by` contains duplicate fields: ['created', 'start_time DESC']"
    }
    expect(() => parseRunOrderBy(['created', 'start_time DESC'])).toThrow(expect.objectContaining(duplicate))
    const many = Array.from({ length: SEARCH.orderByItems + 1 }, (_, i) => `metrics.m${i}`)
    expect(() => parseRunOrderBy(many)).toThrow(/at most 16 items, got 17/)
    expect(() => parseRunOrderBy([`metrics.${'m'.repeat(SEARCH.orderByLength)}`])).toThrow(/Could not be parsed/)
  })
})

describe('order_by of experiments', () => {
  it.each([['name'], ['experiment_id DESC'], ['attribute.creation_time'], ['last_update_time ASC']])(
    '%j is read',
    (item) => {
      expect(parseExperimentOrderBy([item])).toHaveLength(1)
    }
  )

  it.each([
    ['tags.a', 'Invalid order_by entity: tag'],
    ['attributes.name', `Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')`],
    [
      'lifecycle_stage',
      `Invalid attribute key 'lifecycle_stage' specified. Valid keys are '{'name', 'experiment_id', 'creation_time', 'last_update_time'}'`
    ]
  ])('%j is refused', (item, message) => {
    expect(() => parseExperimentOrderBy([item])).toThrow(expect.objectContaining({ message }))
  })
})
