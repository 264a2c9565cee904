import { describe, expect, it } from 'vitest'
import {
  asksForPrompts,
  parseModelVersionFilter,
  parseModelVersionOrderBy,
  parseRegisteredModelFilter,
  parseRegisteredModelOrderBy
} from './registry.ts'

/** Texts of a real server, 3.17.2. */
describe('registered models', () => {
  it.each([
    ['name = a', /^Parameter value is either not quoted or unidentified quote types used for string value a\./],
    ['name = 1', 'Expected a quoted string value or a list of quoted string values for attributes. Got value 1'],
    [`name > 'a'`, 'Invalid comparator for attribute: >'],
    [`name NOT LIKE 'a'`, 'Invalid comparator for attribute: NOT LIKE'],
    [`tags.t > 'a'`, 'Invalid comparator for tag: >'],
    ['tags.t = 1', `Expected a quoted string value for tag (e.g. 'my-value'). Got value 1`],
    [`attributes.name = 'a'`, `Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')`],
    [`creation_timestamp > 1`, `Invalid attribute key 'creation_timestamp' specified. Valid keys are '{'name'}'`],
    [`name IN 'a'`, `Invalid clause(s) in filter string: name, IN, 'a'`],
    [`name =`, 'Invalid clause(s) in filter string: name, ='],
    ['  ', `Invalid filter '  '. Could not be parsed.`]
  ])('refuses %j', (filter, message) => {
    expect(() => parseRegisteredModelFilter(filter)).toThrow(message)
  })

  it.each([
    [
      'creation_timestamp',
      `Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}'`
    ],
    ['name foo', `Invalid ordering key in order_by clause 'name foo'.`],
    ['name ASC DESC', `Invalid order_by clause 'name ASC DESC'. Could not be parsed.`],
    ['', `Invalid order_by clause ''. Could not be parsed.`]
  ])('refuses the order %j', (order, message) => {
    expect(() => parseRegisteredModelOrderBy([order])).toThrow(message)
  })

  it('takes timestamp for the time of the last update, once', () => {
    const field = { kind: 'attribute', key: 'last_updated_timestamp' }
    expect(parseRegisteredModelOrderBy(['timestamp DESC'])).toEqual([{ field, descending: true }])
    expect(() => parseRegisteredModelOrderBy(['timestamp', 'last_updated_timestamp'])).toThrow('duplicate fields')
  })
})

describe('model versions', () => {
  it.each([
    [`version_number = 'x'`, `Invalid value for numeric attribute 'version_number': 'x'`],
    ['version_number = 1.5', `Invalid value for numeric attribute 'version_number': 1.5`],
    ['version_number = 1e0', `Invalid value for numeric attribute 'version_number': 1.0`],
    [`version_number = ''`, `Invalid value for numeric attribute 'version_number': ''`],
    [`version_number LIKE '1'`, 'Invalid comparator for attribute version_number: LIKE'],
    ['version_number = name', /^Parameter value is either not quoted/],
    ['run_id = 1', /attributes support comparison with numeric values\.$/],
    [`run_id > 'a'`, 'Invalid comparator for attribute: >'],
    ['run_id IN ()', /expected a non-empty list of string values, but got empty list$/],
    [
      `current_stage = 'None'`,
      `Invalid attribute key 'current_stage' specified. Valid keys are '{'name', 'version_number', 'run_id', 'source_path'}'`
    ]
  ])('refuses %j', (filter, message) => {
    expect(() => parseModelVersionFilter(filter)).toThrow(message)
  })

  it.each(['version_number = 2', `version_number = '2'`, `attribute.version_number = 2`])('reads %j', (filter) => {
    const field = { kind: 'attribute', key: 'version_number' }
    expect(parseModelVersionFilter(filter)).toEqual({ kind: 'number', field, comparator: '=', value: 2 })
  })

  it('orders by four attributes', () => {
    const names = ['name', 'version_number DESC', 'creation_timestamp', 'attribute.last_updated_timestamp desc']
    expect(parseModelVersionOrderBy(names).map((order) => order.descending)).toEqual([false, true, false, true])
    expect(() => parseModelVersionOrderBy(['run_id'])).toThrow(`Invalid attribute key 'run_id' specified`)
  })
})

it.each([
  ['', false],
  [`name = 'true'`, false],
  ["tag.`mlflow.prompt.is_prompt` = 'True'", true],
  ["tag.`mlflow.prompt.is_prompt` != 'false' AND name = 'a'", true],
  ["tag.`mlflow.prompt.is_prompt` != 'true'", false],
  ["tag.`mlflow.prompt.is_prompt` = 'false'", false],
  ["tag.`mlflow.prompt.is_prompt` LIKE 'true'", false]
])('whether %j asks for prompts', (filter, asks) => {
  expect(asksForPrompts(parseRegisteredModelFilter(filter))).toBe(asks)
})
