import { beginning } from '../beginning.ts'
import { post, remove, scenario, type Json } from '../request.ts'

type Fields = { readonly [key: string]: Json | undefined }
const make = (name: string, fields: Fields) =>
  post(
    `model ${name}`,
    'logged-models',
    { experiment_id: '{{exp1}}', name, source_run_id: '{{run}}', ...fields },
    { keep: { [name]: 'model.info.model_id' } }
  )
const point = (model: string, value: number, fields: Fields = {}) =>
  post(`a point of ${model}, ${value}`, 'runs/log-metric', {
    run_id: '{{run}}',
    key: 'acc',
    value,
    timestamp: 1,
    step: Math.round(value * 100),
    model_id: `{{${model}}}`,
    ...fields
  })
const search = (name: string, fields: Fields) =>
  post(name, 'logged-models/search', { experiment_ids: ['{{exp1}}'], ...fields })

const filters = [
  '',
  "name = 'one'",
  "attributes.name = 'one'",
  "attribute.name = 'one'",
  "name != 'one'",
  "name LIKE 't%'",
  "name like 't%'",
  "name ILIKE 'T%'",
  "name IN ('one', 'two')",
  "name NOT IN ('one')",
  'name = "one"',
  'name = 5',
  "model_id = '{{one}}'",
  "model_type = 'tree'",
  "source_run_id = '{{run}}'",
  'status = 2',
  "status = 'READY'",
  'creation_timestamp > 0',
  'creation_time > 0',
  'last_updated_timestamp > 0',
  'creation_timestamp_ms < 0',
  'attributes.creation_timestamp > 0',
  'metrics.acc > 0.5',
  'metrics.acc = 0.25',
  'metric.acc > 0.5',
  "metrics.acc > '0.5'",
  "metrics.acc LIKE '0%'",
  "params.depth = '3'",
  "params.depth != '3'",
  "params.depth LIKE '_'",
  "params.depth IN ('3')",
  'params.depth = 3',
  "tags.team = 'red'",
  "tags.team != 'red'",
  'tags.team IS NULL',
  "name = 'one' AND metrics.acc > 0",
  "name = 'one' and metrics.acc > 0",
  "name = 'one' OR name = 'two'",
  "foo = 'x'",
  "attributes.foo = 'x'",
  "foo.bar = 'x'",
  '  ',
  'nonsense'
]
const orders: readonly (readonly Fields[])[] = [
  [{ field_name: 'name' }],
  [{ field_name: 'name', ascending: false }],
  [{ field_name: 'attributes.name' }],
  [{ field_name: 'creation_timestamp' }],
  [{ field_name: 'creation_timestamp', ascending: false }],
  [{ field_name: 'creation_time' }],
  [{ field_name: 'last_updated_timestamp' }],
  [{ field_name: 'metrics.acc' }],
  [{ field_name: 'metrics.acc', ascending: false }],
  [{ field_name: 'metrics.acc', dataset_name: 'iris', dataset_digest: 'd1' }],
  [{ field_name: 'metrics.acc', dataset_name: 'iris' }],
  [{ field_name: 'metrics.acc', dataset_digest: 'd1' }],
  [{ field_name: 'params.depth' }],
  [{ field_name: 'tags.team' }],
  [{ field_name: 'foo' }],
  [{}],
  [{ field_name: 'name', ascending: 'false' }]
]

export const searchLoggedModels = scenario(
  'search logged models',
  ...beginning('of model searches', 'run'),
  make('one', { model_type: 'tree', params: [{ key: 'depth', value: '3' }], tags: [{ key: 'team', value: 'red' }] }),
  make('two', { params: [{ key: 'depth', value: '4' }] }),
  make('three', {}),
  make('gone', {}),
  point('one', 0.25, { dataset_name: 'iris', dataset_digest: 'd1' }),
  point('two', 0.75, { dataset_name: 'iris', dataset_digest: 'd1' }),
  point('two', 0.5),
  remove('the last one goes', 'logged-models/{{gone}}', undefined),
  ...filters.map((filter) => search(`filter ${JSON.stringify(filter)}`, { filter })),
  ...orders.map((order) => search(`order ${JSON.stringify(order)}`, { order_by: order })),
  search('no order', {}),
  search('of a dataset', { filter: 'metrics.acc > 0', datasets: [{ dataset_name: 'iris', dataset_digest: 'd1' }] }),
  search('of a dataset without digest', { filter: 'metrics.acc > 0', datasets: [{ dataset_name: 'iris' }] }),
  search('of an unknown dataset', {
    filter: 'metrics.acc > 0',
    datasets: [{ dataset_name: 'nobody', dataset_digest: 'd1' }]
  }),
  search('of a dataset without name', { filter: 'metrics.acc > 0', datasets: [{ dataset_digest: 'd1' }] }),
  search('datasets not a list', { datasets: 'x' }),
  search('no experiments', { experiment_ids: [] }),
  search('experiments not sent', { experiment_ids: undefined }),
  search('unknown experiment', { experiment_ids: ['999999'] }),
  search('max_results 1', { max_results: 1 }),
  search('max_results 0', { max_results: 0 }),
  search('max_results negative', { max_results: -1 }),
  search('max_results 50', { max_results: 50 }),
  search('max_results 51', { max_results: 51 }),
  search('max_results 100000', { max_results: 100_000 }),
  search('max_results no number', { max_results: 'x' }),
  post(
    'first page',
    'logged-models/search',
    { experiment_ids: ['{{exp1}}'], max_results: 2 },
    { keep: { token: 'next_page_token' } }
  ),
  search('second page', { max_results: 2, page_token: '{{token}}' }),
  search('token of another filter', { max_results: 2, filter: "name != 'x'", page_token: '{{token}}' }),
  search('token of another order', { max_results: 2, order_by: [{ field_name: 'name' }], page_token: '{{token}}' }),
  search('token of other experiments', { max_results: 2, experiment_ids: ['0'], page_token: '{{token}}' }),
  search('bad token', { page_token: 'nonsense' })
)
