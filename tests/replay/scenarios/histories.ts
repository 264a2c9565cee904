import { beginning } from '../beginning.ts'
import { get, long, post, scenario } from '../request.ts'

const history = (name: string, query: Readonly<Record<string, string | readonly string[]>>) =>
  get(`history, ${name}`, 'metrics/get-history', query)
const interval = (name: string, query: Readonly<Record<string, string | readonly string[]>>) =>
  get(`interval, ${name}`, 'metrics/get-history-bulk-interval', {
    run_ids: ['{{run}}', '{{run2}}'],
    metric_key: 'loss',
    ...query
  })
const bulk = (name: string, query: Readonly<Record<string, string | readonly string[]>>) =>
  get(
    `bulk, ${name}`,
    '/ajax-api/2.0/mlflow/metrics/get-history-bulk',
    { run_id: ['{{run}}', '{{run2}}'], metric_key: 'loss', ...query },
    { orderedById: { list: 'metrics', id: 'run_id' } }
  )
const points = (count: number, from = 0, every = 1) =>
  Array.from({ length: count }, (_, index) => ({
    key: 'loss',
    value: 1 / (index + 1),
    timestamp: 1000 + index,
    step: from + index * every
  }))
const all = { run_id: '{{run}}', metric_key: 'loss', max_results: '25000' }

export const histories = scenario(
  'histories',
  ...beginning('of histories', 'run', 'run2'),
  history('no such key yet', all),
  post('points', 'runs/log-batch', { run_id: '{{run}}', metrics: points(20, -5) }),
  post('points of the other run', 'runs/log-batch', { run_id: '{{run2}}', metrics: points(10, 0, 7) }),
  post('odd points', 'runs/log-batch', {
    run_id: '{{run}}',
    metrics: [
      { key: 'odd', value: 'NaN', timestamp: 5, step: 0 },
      { key: 'odd', value: 'Infinity', timestamp: 5, step: 1 },
      { key: 'odd', value: '-Infinity', timestamp: 5, step: 2 },
      { key: 'odd', value: 2, timestamp: 4, step: 9 },
      { key: 'odd', value: 1, timestamp: 4, step: 9 },
      { key: 'odd', value: 3, timestamp: 4, step: 8 }
    ]
  }),
  history('all', all),
  history('odd values', { ...all, metric_key: 'odd' }),
  history('by run_uuid', { run_uuid: '{{run}}', metric_key: 'loss', max_results: '5' }),
  history('no max_results', { run_id: '{{run}}', metric_key: 'loss' }),
  history('max_results 1', { ...all, max_results: '1' }),
  history('max_results 0', { ...all, max_results: '0' }),
  history('max_results negative', { ...all, max_results: '-1' }),
  history('max_results no number', { ...all, max_results: 'many' }),
  history('max_results 25001', { ...all, max_results: '25001' }),
  history('bad page token', { ...all, page_token: 'nonsense' }),
  history('no key', { run_id: '{{run}}', max_results: '5' }),
  history('no run', { metric_key: 'loss', max_results: '5' }),
  history('unknown run', { run_id: long(32, '0'), metric_key: 'loss', max_results: '5' }),
  history('unknown key', { ...all, metric_key: 'nobody' }),
  get(
    'history, first page',
    'metrics/get-history',
    { ...all, max_results: '8' },
    { keep: { token: 'next_page_token' } }
  ),
  get(
    'history, second page',
    'metrics/get-history',
    { ...all, max_results: '8', page_token: '{{token}}' },
    { keep: { token2: 'next_page_token' } }
  ),
  history('last page', { ...all, max_results: '8', page_token: '{{token2}}' }),
  interval('all', {}),
  interval('few', { max_results: '5' }),
  interval('one', { max_results: '1' }),
  interval('a range', { start_step: '-5', end_step: '10' }),
  interval('a range, few', { start_step: '-5', end_step: '14', max_results: '4' }),
  interval('a range of one step', { start_step: '3', end_step: '3' }),
  interval('a range without points', { start_step: '1000', end_step: '2000' }),
  interval('only a start', { start_step: '1' }),
  interval('only an end', { end_step: '1' }),
  interval('end before start', { start_step: '3', end_step: '1' }),
  interval('start no number', { start_step: 'x', end_step: '1' }),
  interval('max_results 0', { max_results: '0' }),
  interval('max_results 2500', { max_results: '2500' }),
  interval('max_results 2501', { max_results: '2501' }),
  interval('an unknown run', { run_ids: ['{{run}}', long(32, '0')] }),
  interval('no runs', { run_ids: [] }),
  interval('no key', { metric_key: [] }),
  interval('unknown key', { metric_key: 'nobody' }),
  interval('a run twice', { run_ids: ['{{run}}', '{{run}}'], max_results: '3' }),
  interval('100 runs', { run_ids: Array.from({ length: 100 }, () => '{{run}}'), max_results: '2' }),
  interval('101 runs', { run_ids: Array.from({ length: 101 }, () => '{{run}}') }),
  interval('odd values', { run_ids: '{{run}}', metric_key: 'odd' }),
  bulk('all', {}),
  bulk('max_results 3', { run_id: '{{run}}', max_results: '3' }),
  bulk('max_results 0', { max_results: '0' }),
  bulk('max_results no number', { max_results: 'x' }),
  bulk('odd values', { run_id: '{{run}}', metric_key: 'odd' }),
  bulk('no runs', { run_id: [] }),
  bulk('no key', { metric_key: [] }),
  bulk('unknown run', { run_id: long(32, '0') }),
  bulk('101 runs', { run_id: Array.from({ length: 101 }, () => '{{run}}') }),
  get('bulk, not under /api', 'metrics/get-history-bulk', { run_id: '{{run}}', metric_key: 'loss' }),
  post('the run goes', 'runs/delete', { run_id: '{{run2}}' }),
  history('of a deleted run', { ...all, run_id: '{{run2}}' })
)
