import { get, post, scenario } from '../request.ts'

const prepare = [
  ...['fa', 'fb', 'Fc'].map((name) =>
    post(`model ${name}`, 'registered-models/create', {
      name,
      tags:
        name === 'fb'
          ? [
              { key: 'team', value: 'red' },
              { key: 'b', value: '2' }
            ]
          : []
    })
  ),
  post('model fa, version 1', 'model-versions/create', {
    name: 'fa',
    source: 's3://b/1',
    tags: [{ key: 'team', value: 'red' }]
  }),
  post('model fa, version 2', 'model-versions/create', { name: 'fa', source: 's3://b/2', run_id: 'abc1' }),
  post('model fb, version 1', 'model-versions/create', { name: 'fb', source: 's3://B/1', run_id: 'abc2' })
]

const modelFilters = [
  "name = 'fa'",
  "name != 'fa' AND name ILIKE 'f_'",
  "name LIKE 'f%'",
  "name ILIKE 'f_'",
  "name like 'f%'",
  "attribute.name = 'fa'",
  "attributes.name = 'fa'",
  "name > 'fa'",
  'name = fa',
  'name = 5',
  "name IN ('fa')",
  'name IS NULL',
  "tags.team = 'red'",
  "tag.team = 'red'",
  "tags.team != 'red'",
  "tags.team LIKE 'r%'",
  "tags.team = 'red' AND tags.b = '2'",
  "tags.team = 'red' AND tags.b = '3'",
  'tags.team IS NULL',
  "tags.`team` = 'red'",
  'creation_timestamp > 0',
  "foo = 'x'",
  "name = 'fa' OR name = 'fb'",
  "NOT name = 'fa'",
  '  ',
  'nonsense',
  "name = 'fa' AND"
]
const versionFilters = [
  "name = 'fa'",
  "name LIKE 'f%'",
  "name ILIKE 'F%'",
  'version_number = 1',
  "version_number = '1'",
  'version_number > 1',
  'version_number != 1',
  "version_number LIKE '1'",
  "run_id = 'abc1'",
  "run_id IN ('abc1', 'abc2')",
  "run_id NOT IN ('abc1')",
  'run_id IN ()',
  "name IN ('fa')",
  "source_path = 's3://b/1'",
  "source_path LIKE 's3://b%'",
  "source_path ILIKE 's3://b%'",
  "tags.team = 'red'",
  "tag.team = 'red'",
  "tags.team != 'red'",
  "name = 'fa' AND version_number = 2",
  "attribute.name = 'fa'",
  "attributes.name = 'fa'",
  "current_stage = 'None'",
  "version = '1'",
  "foo = 'x'",
  'name = fa',
  "name = 'fa' OR name = 'fb'",
  '  ',
  'nonsense'
]
const modelOrders: readonly (readonly string[])[] = [
  ['name'],
  ['name DESC'],
  ['name desc'],
  ['last_updated_timestamp'],
  ['timestamp DESC'],
  ['last_updated_timestamp DESC', 'name'],
  ['creation_timestamp'],
  ['foo'],
  ['name foo'],
  [''],
  ['name', 'name']
]
const versionOrders: readonly (readonly string[])[] = [
  ['name'],
  ['name DESC', 'version_number'],
  ['version_number'],
  ['version_number DESC'],
  ['creation_timestamp'],
  ['last_updated_timestamp DESC'],
  ['last_updated_timestamp'],
  ['timestamp'],
  ['run_id'],
  ['foo'],
  ['name foo'],
  [''],
  ['name', 'name']
]

const ours = "name ILIKE 'f_'"

export const searchRegistry = scenario(
  'search registry',
  ...prepare,
  ...modelFilters.map((filter) =>
    get(`models, filter ${JSON.stringify(filter)}`, 'registered-models/search', { filter })
  ),
  ...modelOrders.map((order) =>
    get(`models, order ${JSON.stringify(order)}`, 'registered-models/search', { filter: ours, order_by: order })
  ),
  get('models, max_results 0', 'registered-models/search', { filter: ours, max_results: '0' }),
  get('models, max_results negative', 'registered-models/search', { max_results: '-1' }),
  get('models, max_results 1000', 'registered-models/search', { filter: ours, max_results: '1000' }),
  get('models, max_results 1001', 'registered-models/search', { max_results: '1001' }),
  get('models, max_results no number', 'registered-models/search', { max_results: 'x' }),
  get(
    'models, first page',
    'registered-models/search',
    { filter: ours, max_results: '2' },
    { keep: { token: 'next_page_token' } }
  ),
  get('models, second page', 'registered-models/search', { filter: ours, max_results: '2', page_token: '{{token}}' }),
  get('models, bad token', 'registered-models/search', { page_token: 'nonsense' }),
  post('models, by POST', 'registered-models/search', { filter: ours }),
  ...versionFilters.map((filter) =>
    get(`versions, filter ${JSON.stringify(filter)}`, 'model-versions/search', { filter })
  ),
  ...versionOrders.map((order) =>
    get(`versions, order ${JSON.stringify(order)}`, 'model-versions/search', {
      filter: "name LIKE 'f%'",
      order_by: order
    })
  ),
  get('versions, none filtered', 'model-versions/search', { order_by: ['name'] }),
  get('versions, max_results 0', 'model-versions/search', { max_results: '0' }),
  get('versions, max_results 200000', 'model-versions/search', { filter: "name LIKE 'f%'", max_results: '200000' }),
  get('versions, max_results 200001', 'model-versions/search', { max_results: '200001' }),
  get(
    'versions, first page',
    'model-versions/search',
    { filter: "name LIKE 'f%'", max_results: '2' },
    { keep: { token2: 'next_page_token' } }
  ),
  get('versions, second page', 'model-versions/search', {
    filter: "name LIKE 'f%'",
    max_results: '2',
    page_token: '{{token2}}'
  }),
  get('versions, bad token', 'model-versions/search', { page_token: 'nonsense' })
)
