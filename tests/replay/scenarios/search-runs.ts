import { get, long, post, scenario, type Json } from '../request.ts'
import { runFilters, runOrders } from './run-filters.ts'

type Fields = { readonly [key: string]: Json | undefined }

const make = (name: string, startTime: number, data: Fields, fields: Fields = {}) => [
  post(
    `run ${name}`,
    'runs/create',
    { experiment_id: '{{exp1}}', run_name: name, start_time: startTime, ...fields },
    { keep: { [name]: 'run.info.run_id' } }
  ),
  post(`data of run ${name}`, 'runs/log-batch', { run_id: `{{${name}}}`, ...data })
]
const m = (key: string, value: Json, step = 0) => ({ key, value, timestamp: 1, step })
const kv = (fields: Readonly<Record<string, string>>) => Object.entries(fields).map(([key, value]) => ({ key, value }))

/** Six runs that differ in everything a filter can ask for. */
const runs = [
  post('an experiment', 'experiments/create', { name: 'of searches' }, { keep: { exp1: 'experiment_id' } }),
  post('a second', 'experiments/create', { name: 'of searches, other' }, { keep: { exp2: 'experiment_id' } }),
  make(
    'alpha',
    100,
    {
      metrics: [m('a', 1), m('b', 5)],
      params: kv({ lr: '0.1', 'my-key': 'x', n: '10' }),
      tags: kv({ team: 'red', 'a b': '1' })
    },
    { user_id: 'ada' }
  ),
  make(
    'beta',
    200,
    { metrics: [m('a', 2), m('a', 9, -1)], params: kv({ lr: '0.01', n: '9' }), tags: kv({ team: 'RED' }) },
    { user_id: 'bob' }
  ),
  make('gamma', 300, { metrics: [m('a', 'NaN'), m('b', 2)], params: kv({ lr: '0.1' }), tags: kv({ team: 'blue' }) }),
  make('delta', 400, { metrics: [m('a', 'Infinity')], params: kv({ n: '100' }) }),
  make('epsilon', 500, { metrics: [m('a', '-Infinity'), m('val/loss', -2.5)], params: kv({ lr: "it's" }) }),
  make('zeta', 600, {}),
  post('alpha finishes', 'runs/update', { run_id: '{{alpha}}', status: 'FINISHED', end_time: 1000 }),
  post('beta fails', 'runs/update', { run_id: '{{beta}}', status: 'FAILED', end_time: 900 }),
  post('alpha had data', 'runs/log-inputs', {
    run_id: '{{alpha}}',
    datasets: [
      {
        tags: kv({ 'mlflow.data.context': 'training' }),
        dataset: { name: 'iris', digest: 'd1', source_type: 'local', source: 's' }
      }
    ]
  }),
  post('beta had data', 'runs/log-inputs', {
    run_id: '{{beta}}',
    datasets: [
      {
        tags: kv({ 'mlflow.data.context': 'eval' }),
        dataset: { name: 'wine', digest: 'd2', source_type: 'local', source: 's' }
      }
    ]
  }),
  post('zeta is deleted', 'runs/delete', { run_id: '{{zeta}}' })
].flat()

const search = (name: string, fields: Fields) => post(name, 'runs/search', { experiment_ids: ['{{exp1}}'], ...fields })

export const searchRuns = scenario(
  'search runs',
  ...runs,
  ...runFilters.map((filter) => search(`filter ${JSON.stringify(filter)}`, { filter })),
  ...runOrders.map((order) => search(`order ${JSON.stringify(order)}`, { order_by: order })),
  ...['run_id', 'artifact_uri DESC'].map((order) =>
    post(
      `order of ids, ${order}`,
      'runs/search',
      { experiment_ids: ['{{exp1}}'], order_by: [order] },
      { orderedById: { list: 'runs', id: 'info.run_id' } }
    )
  ),
  search('no order', {}),
  search('order_by not a list', { order_by: 'metrics.a' }),
  search('filter a number', { filter: 5 }),
  search('active only', { run_view_type: 'ACTIVE_ONLY' }),
  search('deleted only', { run_view_type: 'DELETED_ONLY' }),
  search('all views', { run_view_type: 'ALL' }),
  search('view by number', { run_view_type: 2 }),
  search('view of an unknown name', { run_view_type: 'SOME' }),
  search('view of an unknown number', { run_view_type: 9 }),
  search('no experiments', { experiment_ids: [] }),
  search('experiments not sent', { experiment_ids: undefined }),
  search('unknown experiment', { experiment_ids: ['999999'] }),
  search('two experiments', { experiment_ids: ['{{exp2}}', '{{exp1}}'] }),
  search('an experiment twice', { experiment_ids: ['{{exp1}}', '{{exp1}}'] }),
  search('experiment ids as numbers', { experiment_ids: [0] }),
  search('experiment ids no list', { experiment_ids: '{{exp1}}' }),
  search('experiment id no integer', { experiment_ids: ['abc'] }),
  search('max_results 1', { max_results: 1 }),
  search('max_results in a text', { max_results: '2' }),
  search('max_results 0', { max_results: 0 }),
  search('max_results negative', { max_results: -1 }),
  search('max_results 50000', { max_results: 50_000 }),
  search('max_results 50001', { max_results: 50_001 }),
  search('max_results no number', { max_results: 'many' }),
  search('max_results with a fraction', { max_results: 1.5 }),
  post(
    'first page',
    'runs/search',
    { experiment_ids: ['{{exp1}}'], max_results: 2, order_by: ['start_time'] },
    { keep: { token: 'next_page_token' } }
  ),
  post(
    'second page',
    'runs/search',
    { experiment_ids: ['{{exp1}}'], max_results: 2, order_by: ['start_time'], page_token: '{{token}}' },
    { keep: { token2: 'next_page_token' } }
  ),
  search('third page', { max_results: 2, order_by: ['start_time'], page_token: '{{token2}}' }),
  search('an empty token', { page_token: '' }),
  search('a token that is not base64', { page_token: '!' }),
  search('a token that is not JSON', { page_token: Buffer.from('nonsense').toString('base64') }),
  search('a token without offset', { page_token: Buffer.from('{"a": 1}').toString('base64') }),
  search('a token with offset 0', { page_token: Buffer.from('{"offset": 0}').toString('base64') }),
  search('a token with a negative offset', { page_token: Buffer.from('{"offset": -1}').toString('base64') }),
  search('a token past the end', { page_token: Buffer.from('{"offset": 100}').toString('base64') }),
  search('a filter of 10000 characters', { filter: `params.lr = '${long(9985)}'` }),
  get('by GET', 'runs/search', { experiment_ids: '{{exp1}}' })
)
