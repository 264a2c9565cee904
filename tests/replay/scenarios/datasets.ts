import { beginning } from '../beginning.ts'
import { get, long, post, scenario, type Json } from '../request.ts'

const run = { run_id: '{{run}}' }
const dataset = (fields: { readonly [key: string]: Json | undefined } = {}) => ({
  name: 'iris',
  digest: 'd1',
  source_type: 'local',
  source: '{"uri": "iris.csv"}',
  schema: '{"mlflow_colspec": []}',
  profile: '{"num_rows": 150}',
  ...fields
})
const inputs = (name: string, ...datasets: Json[]) => post(`inputs, ${name}`, 'runs/log-inputs', { ...run, datasets })
const training = [{ key: 'mlflow.data.context', value: 'training' }]

export const datasets = scenario(
  'datasets',
  ...beginning('of datasets', 'run', 'run2'),
  inputs('one', { tags: training, dataset: dataset() }),
  get('the run', 'runs/get', run),
  inputs('the same with other tags', { tags: [{ key: 'mlflow.data.context', value: 'eval' }], dataset: dataset() }),
  inputs('the same name and digest, other source', { dataset: dataset({ source: '{}' }) }),
  inputs('another digest', {
    tags: [{ key: 'mlflow.data.context', value: 'eval' }],
    dataset: dataset({ digest: 'd2' })
  }),
  inputs('none'),
  post('inputs, neither datasets nor models', 'runs/log-inputs', run),
  post('inputs, no run', 'runs/log-inputs', { datasets: [{ dataset: dataset() }] }),
  post('inputs, unknown run', 'runs/log-inputs', { run_id: long(32, '0'), datasets: [{ dataset: dataset() }] }),
  inputs('no digest', { dataset: dataset({ name: 'no digest', digest: undefined }) }),
  inputs('no source_type', { dataset: dataset({ name: 'no type', source_type: undefined }) }),
  inputs('no source', { dataset: dataset({ name: 'no source', source: undefined }) }),
  inputs('nothing but what must be', { dataset: { name: 'bare', digest: 'b', source_type: 'local', source: 's' } }),
  inputs('name of 500 characters', { dataset: dataset({ name: long(500) }) }),
  inputs('name of 501 characters', { dataset: dataset({ name: long(501) }) }),
  inputs('digest of 36 characters', { dataset: dataset({ name: 'x', digest: long(36) }) }),
  inputs('digest of 37 characters', { dataset: dataset({ digest: long(37) }) }),
  inputs('source of 65536 characters', { dataset: dataset({ name: 'y', source: long(65_536) }) }),
  inputs('schema of 1048576 characters', { dataset: dataset({ name: 'z', schema: long(1_048_576) }) }),
  inputs('tag key of 255 characters', { tags: [{ key: long(255), value: '1' }], dataset: dataset({ name: 'tagged' }) }),
  inputs('tag key of 256 characters', {
    tags: [{ key: long(256), value: '1' }],
    dataset: dataset({ name: 'tagged 2' })
  }),
  inputs('tag value of 500 characters', {
    tags: [{ key: 'k', value: long(500) }],
    dataset: dataset({ name: 'tagged 3' })
  }),
  inputs('tag value of 501 characters', {
    tags: [{ key: 'k', value: long(501) }],
    dataset: dataset({ name: 'tagged 4' })
  }),
  inputs('tag without value', { tags: [{ key: 'k' }], dataset: dataset({ name: 'tagged 5' }) }),
  inputs('a tag twice', {
    tags: [
      { key: 'k', value: '1' },
      { key: 'k', value: '2' }
    ],
    dataset: dataset({ name: 'tagged 6' })
  }),
  post('inputs, not a list', 'runs/log-inputs', { ...run, datasets: 'x' }),
  post('inputs, of the other run', 'runs/log-inputs', {
    run_id: '{{run2}}',
    datasets: [{ tags: training, dataset: dataset() }]
  }),
  get('the other run', 'runs/get', { run_id: '{{run2}}' }),
  post('search runs by dataset', 'runs/search', {
    experiment_ids: ['{{exp1}}'],
    filter: "datasets.name = 'iris' and datasets.digest = 'd1'"
  }),
  post('search-datasets', '/ajax-api/2.0/mlflow/experiments/search-datasets', { experiment_ids: ['{{exp1}}'] }),
  post('search-datasets, none', '/ajax-api/2.0/mlflow/experiments/search-datasets', { experiment_ids: [] }),
  post('search-datasets, no ids', '/ajax-api/2.0/mlflow/experiments/search-datasets', {}),
  post('search-datasets, 21 experiments', '/ajax-api/2.0/mlflow/experiments/search-datasets', {
    experiment_ids: Array.from({ length: 21 }, (_, index) => String(index))
  }),
  post('search-datasets, unknown experiment', '/ajax-api/2.0/mlflow/experiments/search-datasets', {
    experiment_ids: ['999999']
  }),
  post(
    'a third run',
    'runs/create',
    { experiment_id: '0', run_name: 'r3', start_time: 3 },
    { keep: { run3: 'run.info.run_id' } }
  ),
  post('inputs, no dataset in it', 'runs/log-inputs', { run_id: '{{run3}}', datasets: [{ tags: training }] }),
  post('inputs, no name', 'runs/log-inputs', {
    run_id: '{{run3}}',
    datasets: [{ dataset: dataset({ name: undefined }) }]
  }),
  post('search-datasets, not under /api', 'experiments/search-datasets', { experiment_ids: ['{{exp1}}'] })
)
