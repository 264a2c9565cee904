import { beginning } from '../beginning.ts'
import { get, long, patch, post, remove, scenario, type Json } from '../request.ts'

const create = (
  name: string,
  fields: { readonly [key: string]: Json | undefined },
  keep: Readonly<Record<string, string>> = {}
) => post(`create, ${name}`, 'logged-models', { experiment_id: '{{exp1}}', ...fields }, { keep })
const at = (model = 'model') => `logged-models/{{${model}}}`

export const loggedModels = scenario(
  'logged models',
  ...beginning('of logged models', 'run', 'run2'),
  create(
    'whole',
    {
      name: 'forest',
      model_type: 'sklearn',
      source_run_id: '{{run}}',
      params: [{ key: 'depth', value: '3' }],
      tags: [{ key: 'team', value: 'red' }]
    },
    { model: 'model.info.model_id' }
  ),
  get('get', at()),
  create('nothing but an experiment', {}, { model2: 'model.info.model_id' }),
  create('empty name', { name: '' }, { model3: 'model.info.model_id' }),
  ...['/', ':', '.', '%', '"', "'"].map((letter) => create(`name with ${letter}`, { name: `a${letter}b` })),
  create('unicode name', { name: 'Wald 森 🌲' }, { model4: 'model.info.model_id' }),
  create('name a number', { name: 5 }),
  post('create, no experiment', 'logged-models', { name: 'x' }),
  create('unknown experiment', { experiment_id: '999999', name: 'x' }),
  create('experiment no integer', { experiment_id: 'abc', name: 'x' }),
  create('unknown source run', { name: 'orphan', source_run_id: long(32, '0') }, { model5: 'model.info.model_id' }),
  create('a param twice', {
    name: 'x',
    params: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' }
    ]
  }),
  create('a tag twice', {
    name: 'x',
    tags: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' }
    ]
  }),
  create(
    'odd keys',
    { name: 'odd', params: [{ key: 'a#b', value: '1' }], tags: [{ key: 'a#b', value: '1' }] },
    { model6: 'model.info.model_id' }
  ),
  create('param without value', { name: 'valueless', params: [{ key: 'a' }] }),
  create('param key of 256 characters', { name: 'long', params: [{ key: long(256), value: '1' }] }),
  create('params not a list', { name: 'x', params: 'x' }),
  get('get, unknown', 'logged-models/m-00000000000000000000000000000000'),
  get('get, odd id', 'logged-models/nobody'),
  patch('finalize', at(), { model_id: '{{model}}', status: 'LOGGED_MODEL_READY' }),
  patch('finalize, no id in the body', at(), { status: 'LOGGED_MODEL_READY' }),
  patch('finalize, no status', at(), { model_id: '{{model}}' }),
  patch('finalize, status by number', at('model2'), { model_id: '{{model2}}', status: 3 }),
  patch('finalize, status of an unknown name', at('model6'), { model_id: '{{model6}}', status: 'FINE' }),
  patch('finalize, unknown', 'logged-models/m-00000000000000000000000000000000', {
    model_id: 'm-00000000000000000000000000000000',
    status: 'LOGGED_MODEL_READY'
  }),
  patch('finalize, failed', at('model3'), { model_id: '{{model3}}', status: 'LOGGED_MODEL_UPLOAD_FAILED' }),
  get('get, ready', at()),
  patch('set tags', `${at()}/tags`, {
    tags: [
      { key: 'a', value: '1' },
      { key: 'team', value: 'blue' }
    ]
  }),
  patch('set tags, none', `${at()}/tags`, { tags: [] }),
  patch('set tags, no list', `${at()}/tags`, {}),
  patch('set tags, unknown model', 'logged-models/m-00000000000000000000000000000000/tags', {
    tags: [{ key: 'a', value: '1' }]
  }),
  patch('set tags, without key', `${at('model6')}/tags`, { tags: [{ value: '1' }] }),
  remove('delete a tag', `${at()}/tags/a`, undefined),
  remove('delete a tag, absent', `${at()}/tags/a`, undefined),
  remove('delete a tag, unknown model', 'logged-models/m-00000000000000000000000000000000/tags/a', undefined),
  post('log params', `${at()}/params`, { model_id: '{{model}}', params: [{ key: 'trees', value: '10' }] }),
  post('log params, a key that is there', `${at()}/params`, {
    model_id: '{{model}}',
    params: [{ key: 'trees', value: '10' }]
  }),
  post('log params, no id in the body', `${at()}/params`, { params: [{ key: 'leaves', value: '1' }] }),
  post('log params, none', `${at()}/params`, { model_id: '{{model}}' }),
  post('log params, unknown model', 'logged-models/m-00000000000000000000000000000000/params', {
    model_id: 'm-00000000000000000000000000000000',
    params: [{ key: 'a', value: '1' }]
  }),
  get('get, with params', at()),
  post('a metric of it', 'runs/log-metric', {
    run_id: '{{run}}',
    key: 'acc',
    value: 0.5,
    timestamp: 1,
    step: 1,
    model_id: '{{model}}',
    dataset_name: 'iris',
    dataset_digest: 'd1'
  }),
  post('another point', 'runs/log-metric', {
    run_id: '{{run}}',
    key: 'acc',
    value: 0.75,
    timestamp: 2,
    step: 2,
    model_id: '{{model}}'
  }),
  post('a batch of it', 'runs/log-batch', {
    run_id: '{{run}}',
    metrics: [{ key: 'loss', value: 0.1, timestamp: 1, step: 0, model_id: '{{model}}' }]
  }),
  post('a metric of an unknown one', 'runs/log-metric', {
    run_id: '{{run}}',
    key: 'acc',
    value: 0.5,
    timestamp: 1,
    model_id: 'm-00000000000000000000000000000000'
  }),
  get('get, with metrics', at()),
  post('outputs', 'runs/outputs', { run_id: '{{run}}', models: [{ model_id: '{{model}}', step: 3 }] }),
  post('outputs, again', 'runs/outputs', { run_id: '{{run}}', models: [{ model_id: '{{model}}', step: 3 }] }),
  post('outputs, no step', 'runs/outputs', { run_id: '{{run}}', models: [{ model_id: '{{model2}}' }] }),
  post('outputs, no models', 'runs/outputs', { run_id: '{{run}}' }),
  post('outputs, no run', 'runs/outputs', { models: [{ model_id: '{{model}}', step: 3 }] }),
  post('outputs, unknown run', 'runs/outputs', { run_id: long(32, '0'), models: [{ model_id: '{{model}}', step: 3 }] }),
  post('outputs, unknown model', 'runs/outputs', {
    run_id: '{{run}}',
    models: [{ model_id: 'm-00000000000000000000000000000000', step: 3 }]
  }),
  post('inputs', 'runs/log-inputs', { run_id: '{{run}}', models: [{ model_id: '{{model}}' }] }),
  post('inputs, again', 'runs/log-inputs', { run_id: '{{run}}', models: [{ model_id: '{{model}}' }] }),
  post('inputs, no id', 'runs/log-inputs', { run_id: '{{run2}}', models: [{}] }),
  get('the run', 'runs/get', { run_id: '{{run}}' }),
  post('search the run', 'runs/search', { experiment_ids: ['{{exp1}}'], filter: "run_name = 'r'" }),
  get('artifact directories, none', `${at()}/artifacts/directories`),
  post('log-model', 'runs/log-model', {
    run_id: '{{run}}',
    model_json: '{"artifact_path": "m", "flavors": {}, "utc_time_created": "x", "run_id": "{{run}}"}'
  }),
  post('log-model, a second', 'runs/log-model', {
    run_id: '{{run}}',
    model_json: '{"artifact_path": "n", "flavors": {"sklearn": {}}, "utc_time_created": "x", "run_id": "{{run}}"}'
  }),
  post('log-model, no JSON', 'runs/log-model', { run_id: '{{run}}', model_json: 'nonsense' }),
  post('log-model, fields missing', 'runs/log-model', { run_id: '{{run}}', model_json: '{"artifact_path": "m"}' }),
  post('log-model, no model_json', 'runs/log-model', { run_id: '{{run}}' }),
  post('log-model, unknown run', 'runs/log-model', {
    run_id: long(32, '0'),
    model_json: '{"artifact_path": "m", "flavors": {}, "utc_time_created": "x", "run_id": "y"}'
  }),
  get('the run, with its history of models', 'runs/get', { run_id: '{{run}}' }),
  remove('delete', at(), undefined),
  get('get, deleted', at()),
  get('get, deleted, allowed', at(), { allow_deleted: 'true' }),
  remove('delete again', at(), undefined),
  remove('delete, unknown', 'logged-models/m-00000000000000000000000000000000', undefined),
  patch('finalize, deleted', at(), { model_id: '{{model}}', status: 'LOGGED_MODEL_READY' }),
  patch('set tags, deleted', `${at()}/tags`, { tags: [{ key: 'late', value: '1' }] }),
  post('the experiment goes', 'experiments/delete', { experiment_id: '{{exp1}}' }),
  create('in a deleted experiment', { name: 'late' }),
  get('get, of a deleted experiment', at('model2'))
)
