import { get, long, post, scenario } from '../request.ts'

const run = { run_id: '{{run}}' }

export const runs = scenario(
  'runs',
  post('an experiment', 'experiments/create', { name: 'of runs' }, { keep: { exp1: 'experiment_id' } }),
  post(
    'create',
    'runs/create',
    { experiment_id: '{{exp1}}', start_time: 100, run_name: 'named', user_id: 'ada' },
    { keep: { run: 'run.info.run_id' } }
  ),
  get('get', 'runs/get', run),
  get('get by run_uuid', 'runs/get', { run_uuid: '{{run}}' }),
  post(
    'create, nothing but an experiment',
    'runs/create',
    { experiment_id: '{{exp1}}' },
    { keep: { run2: 'run.info.run_id' } }
  ),
  get('get, nothing but an experiment', 'runs/get', { run_id: '{{run2}}' }),
  post(
    'create with tags',
    'runs/create',
    {
      experiment_id: '{{exp1}}',
      start_time: '200',
      tags: [
        { key: 'mlflow.user', value: 'bob' },
        { key: 'mlflow.source.name', value: 'train.py' },
        { key: 'mlflow.source.type', value: 'LOCAL' },
        { key: 'mlflow.parentRunId', value: '{{run}}' }
      ]
    },
    { keep: { run3: 'run.info.run_id' } }
  ),
  post(
    'create, name in a tag',
    'runs/create',
    { experiment_id: '{{exp1}}', tags: [{ key: 'mlflow.runName', value: 'by tag' }] },
    { keep: { run4: 'run.info.run_id' } }
  ),
  post(
    'create, name and tag agree',
    'runs/create',
    { experiment_id: '{{exp1}}', run_name: 'same', tags: [{ key: 'mlflow.runName', value: 'same' }] },
    { keep: { run5: 'run.info.run_id' } }
  ),
  post('create, name and tag differ', 'runs/create', {
    experiment_id: '{{exp1}}',
    run_name: 'one',
    tags: [{ key: 'mlflow.runName', value: 'other' }]
  }),
  post(
    'create, unicode',
    'runs/create',
    { experiment_id: '{{exp1}}', run_name: '練習 🎈 "quoted"', user_id: 'Zoë' },
    { keep: { run6: 'run.info.run_id' } }
  ),
  post('create, no experiment', 'runs/create', { start_time: 1 }),
  post('create, unknown experiment', 'runs/create', { experiment_id: '999999' }),
  post('create, experiment is no integer', 'runs/create', { experiment_id: 'abc' }),
  post('create, experiment as a number', 'runs/create', { experiment_id: 0 }),
  post('create, start_time no number', 'runs/create', { experiment_id: '{{exp1}}', start_time: 'soon' }),
  post('create, start_time with a fraction', 'runs/create', { experiment_id: '{{exp1}}', start_time: 1.5 }),
  post(
    'create, start_time negative',
    'runs/create',
    { experiment_id: '{{exp1}}', start_time: -1 },
    { keep: { run7: 'run.info.run_id' } }
  ),
  post('create, run_name a number', 'runs/create', { experiment_id: '{{exp1}}', run_name: 3 }),
  post('create, user_id a number', 'runs/create', { experiment_id: '{{exp1}}', user_id: 3 }),
  post('create, tags not a list', 'runs/create', { experiment_id: '{{exp1}}', tags: 'x' }),
  post('create, tag with a bad key', 'runs/create', { experiment_id: '{{exp1}}', tags: [{ key: 'a#b', value: '1' }] }),
  post('create, tag without key', 'runs/create', { experiment_id: '{{exp1}}', tags: [{ value: '1' }] }),
  post('create, tag key of 251 characters', 'runs/create', {
    experiment_id: '{{exp1}}',
    tags: [{ key: long(251), value: '1' }]
  }),
  post('create, tag value of 8001 characters', 'runs/create', {
    experiment_id: '{{exp1}}',
    tags: [{ key: 'long', value: long(8001) }]
  }),
  post('create, a tag twice', 'runs/create', {
    experiment_id: '{{exp1}}',
    tags: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' }
    ]
  }),
  post(
    'create, run name of 251 characters',
    'runs/create',
    { experiment_id: '{{exp1}}', run_name: long(251) },
    { keep: { run8: 'run.info.run_id' } }
  ),
  get('get, no id', 'runs/get'),
  get('get, unknown id', 'runs/get', { run_id: long(32, '0') }),
  get('get, id with a slash', 'runs/get', { run_id: 'a/b' }),
  post('update, finish', 'runs/update', { ...run, status: 'FINISHED', end_time: 300 }),
  get('get, finished', 'runs/get', run),
  post('update, status by number', 'runs/update', { ...run, status: 4 }),
  post('update, status by number in a text', 'runs/update', { ...run, status: '5' }),
  post('update, status of an unknown name', 'runs/update', { ...run, status: 'DONE' }),
  post('update, status of an unknown number', 'runs/update', { ...run, status: 99 }),
  post('update, status in small letters', 'runs/update', { ...run, status: 'failed' }),
  post('update, back to running', 'runs/update', { ...run, status: 'RUNNING' }),
  post('update, nothing', 'runs/update', run),
  post('update, rename', 'runs/update', { ...run, run_name: 'renamed' }),
  get('get, renamed', 'runs/get', run),
  post('update, empty name', 'runs/update', { ...run, run_name: '' }),
  post('update, end_time no number', 'runs/update', { ...run, end_time: 'late' }),
  post('update, by run_uuid', 'runs/update', { run_uuid: '{{run}}', status: 'FINISHED' }),
  post('update, no id', 'runs/update', { status: 'FINISHED' }),
  post('update, unknown id', 'runs/update', { run_id: long(32, '0'), status: 'FINISHED' }),
  post('set the name by tag', 'runs/set-tag', { ...run, key: 'mlflow.runName', value: 'by set-tag' }),
  get('get, named by tag', 'runs/get', run),
  post('delete', 'runs/delete', run),
  get('get, deleted', 'runs/get', run),
  post('delete again', 'runs/delete', run),
  post('update, deleted', 'runs/update', { ...run, status: 'FINISHED' }),
  post('log-metric, deleted', 'runs/log-metric', { ...run, key: 'm', value: 1, timestamp: 1 }),
  post('log-parameter, deleted', 'runs/log-parameter', { ...run, key: 'p', value: '1' }),
  post('set-tag, deleted', 'runs/set-tag', { ...run, key: 't', value: '1' }),
  post('delete-tag, deleted', 'runs/delete-tag', { ...run, key: 'mlflow.runName' }),
  post('log-batch, deleted', 'runs/log-batch', { ...run, params: [{ key: 'p', value: '1' }] }),
  post('log-inputs, deleted', 'runs/log-inputs', {
    ...run,
    datasets: [{ dataset: { name: 'd', digest: 'x', source_type: 'local', source: '{}' } }]
  }),
  post('restore', 'runs/restore', run),
  get('get, restored', 'runs/get', run),
  post('restore again', 'runs/restore', run),
  post('delete, no id', 'runs/delete', {}),
  post('delete, unknown id', 'runs/delete', { run_id: long(32, '0') }),
  post('delete, by run_uuid', 'runs/delete', { run_uuid: '{{run8}}' }),
  post('restore, no id', 'runs/restore', {}),
  post('restore, unknown id', 'runs/restore', { run_id: long(32, '0') }),
  post('the experiment goes', 'experiments/delete', { experiment_id: '{{exp1}}' }),
  post('restore a run inside a deleted experiment', 'runs/restore', { run_id: '{{run2}}' }),
  post('log to it', 'runs/log-parameter', { run_id: '{{run2}}', key: 'p', value: '1' }),
  get('get it', 'runs/get', { run_id: '{{run2}}' })
)
