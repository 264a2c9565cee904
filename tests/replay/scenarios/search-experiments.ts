import { get, post, scenario, type Json } from '../request.ts'

type Fields = { readonly [key: string]: Json | undefined }
const search = (name: string, fields: Fields) => post(name, 'experiments/search', { max_results: 100, ...fields })
/** Only ours: other scenarios made experiments too. */
const filters = [
  "name = 'find me 1'",
  "name != 'find me 1' AND name LIKE 'find me%'",
  "name LIKE 'find me%'",
  "name LIKE 'FIND%'",
  "name ILIKE 'FIND%'",
  "name like 'find me%'",
  "name ilike 'find me%'",
  "name IN ('find me 1')",
  'name IS NULL',
  'name = 5',
  "name > 'x'",
  "attribute.name = 'find me 1'",
  "attributes.name = 'find me 1'",
  "attr.name = 'find me 1'",
  "creation_time > 0 AND name LIKE 'find me%'",
  'creation_time < 0',
  "last_update_time >= 0 AND name LIKE 'find me%'",
  "creation_time = 'x'",
  "creation_time LIKE '1%'",
  "tags.team = 'red'",
  "tag.team = 'red'",
  "tags.team != 'red'",
  "tags.team LIKE 'r%'",
  "tags.team ILIKE 'R%'",
  "tags.team IS NULL AND name LIKE 'find me%'",
  "tags.team IS NOT NULL AND name LIKE 'find me%'",
  "tags.team = 'red' AND tags.level = '2'",
  'tags.team = 5',
  "tags.team IN ('red')",
  "tags.`my key` = 'x'",
  "experiment_id = '{{exp1}}'",
  "experiment_id != '{{exp1}}' AND name LIKE 'find me%'",
  "experiment_id IN ('{{exp1}}', '{{exp2}}')",
  "experiment_id NOT IN ('{{exp1}}') AND name LIKE 'find me%'",
  "experiment_id in ('{{exp1}}')",
  "experiment_id LIKE '{{exp1}}'",
  'experiment_id = 0',
  'experiment_id > 0',
  "attribute.experiment_id = '{{exp1}}'",
  "experiment_id = 'abc'",
  "lifecycle_stage = 'active'",
  "foo = 'x'",
  "foo.bar = 'x'",
  "params.x = 'y'",
  "name = 'a' OR name = 'b'",
  "NOT name = 'a'",
  "(name = 'find me 1')",
  "name LIKE 'find me%' AND",
  '  ',
  'nonsense',
  "name = 'find me 1';"
]
const orders: readonly (readonly string[])[] = [
  ['name'],
  ['name DESC'],
  ['name desc'],
  ['attribute.name'],
  ['attributes.name'],
  ['creation_time'],
  ['creation_time DESC'],
  ['last_update_time'],
  ['last_update_time DESC'],
  ['name', 'creation_time DESC'],
  ['tags.team'],
  ['foo'],
  ['name foo'],
  [''],
  ['name', 'name'],
  ['lifecycle_stage']
]

export const searchExperiments = scenario(
  'search experiments',
  post(
    'first',
    'experiments/create',
    {
      name: 'find me 1',
      tags: [
        { key: 'team', value: 'red' },
        { key: 'my key', value: 'x' }
      ]
    },
    { keep: { exp1: 'experiment_id' } }
  ),
  post(
    'second',
    'experiments/create',
    {
      name: 'find me 2',
      tags: [
        { key: 'team', value: 'red' },
        { key: 'level', value: '2' }
      ]
    },
    { keep: { exp2: 'experiment_id' } }
  ),
  post('third', 'experiments/create', { name: 'find me 3' }, { keep: { exp3: 'experiment_id' } }),
  post('fourth', 'experiments/create', { name: 'find me 4' }, { keep: { exp4: 'experiment_id' } }),
  post('the fourth is deleted', 'experiments/delete', { experiment_id: '{{exp4}}' }),
  post('the first is renamed', 'experiments/update', { experiment_id: '{{exp1}}', new_name: 'find me 9' }),
  post('and back', 'experiments/update', { experiment_id: '{{exp1}}', new_name: 'find me 1' }),
  ...filters.map((filter) => search(`filter ${JSON.stringify(filter)}`, { filter })),
  ...orders.map((order) =>
    search(`order ${JSON.stringify(order)}`, { order_by: order, filter: "name LIKE 'find me%'" })
  ),
  post(
    'order of ids',
    'experiments/search',
    { max_results: 100, order_by: ['experiment_id'], filter: "name LIKE 'find me%'" },
    { orderedById: { list: 'experiments', id: 'name' } }
  ),
  search('deleted only', { view_type: 'DELETED_ONLY', filter: "name LIKE 'find me%'" }),
  search('all views', { view_type: 'ALL', filter: "name LIKE 'find me%'" }),
  search('view by number', { view_type: 3, filter: "name LIKE 'find me%'" }),
  search('view of an unknown name', { view_type: 'SOME', filter: "name LIKE 'find me%'" }),
  search('no max_results', { max_results: undefined }),
  search('max_results 0', { max_results: 0 }),
  search('max_results negative', { max_results: -1 }),
  search('max_results 50000', { max_results: 50_000, filter: "name LIKE 'find me%'" }),
  search('max_results 50001', { max_results: 50_001 }),
  search('max_results no number', { max_results: 'x' }),
  post(
    'first page',
    'experiments/search',
    { max_results: 2, filter: "name LIKE 'find me%'" },
    { keep: { token: 'next_page_token' } }
  ),
  search('second page', { max_results: 2, filter: "name LIKE 'find me%'", page_token: '{{token}}' }),
  search('bad token', { page_token: 'nonsense' }),
  get('by GET', 'experiments/search', {
    max_results: '10',
    filter: "name LIKE 'find me%'",
    order_by: ['name DESC', 'creation_time']
  }),
  get('by GET, view', 'experiments/search', {
    max_results: '10',
    filter: "name LIKE 'find me%'",
    view_type: 'DELETED_ONLY'
  }),
  get('by GET, no max_results', 'experiments/search')
)
