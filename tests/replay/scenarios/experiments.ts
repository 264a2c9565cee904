import { get, long, post, scenario } from '../request.ts'

export const experiments = scenario(
  'experiments',
  get('the default one', 'experiments/get', { experiment_id: '0' }),
  post('all, at the start', 'experiments/search', { max_results: 10 }),
  post('create', 'experiments/create', { name: 'first' }, { keep: { exp1: 'experiment_id' } }),
  get('get', 'experiments/get', { experiment_id: '{{exp1}}' }),
  post(
    'create with tags and a place for artifacts',
    'experiments/create',
    {
      name: 'second',
      artifact_location: 'mlflow-artifacts:/elsewhere',
      tags: [
        { key: 'team', value: 'red' },
        { key: 'mlflow.note.content', value: '# Notes' }
      ]
    },
    { keep: { exp2: 'experiment_id' } }
  ),
  get('get the one with tags', 'experiments/get', { experiment_id: '{{exp2}}' }),
  post('create, the name is taken', 'experiments/create', { name: 'first' }),
  post('create, no name', 'experiments/create', {}),
  post('create, empty name', 'experiments/create', { name: '' }),
  post('create, null name', 'experiments/create', { name: null }),
  post('create, blank name', 'experiments/create', { name: '  ' }, { keep: { exp3: 'experiment_id' } }),
  post('create, name is a number', 'experiments/create', { name: 7 }),
  post('create, name is a list', 'experiments/create', { name: ['a'] }),
  post('create, name is an object', 'experiments/create', { name: { a: 1 } }),
  post(
    'create, name of 500 characters',
    'experiments/create',
    { name: long(500) },
    { keep: { exp4: 'experiment_id' } }
  ),
  post('create, name of 501 characters', 'experiments/create', { name: long(501) }),
  post('create, unicode name', 'experiments/create', { name: 'Übung 練習 🎈' }, { keep: { exp5: 'experiment_id' } }),
  get('get-by-name, unicode', 'experiments/get-by-name', { experiment_name: 'Übung 練習 🎈' }),
  post(
    'create, unknown field',
    'experiments/create',
    { name: 'unknown field', colour: 'red' },
    { keep: { exp6: 'experiment_id' } }
  ),
  post('create, artifact_location with a fragment', 'experiments/create', {
    name: 'l1',
    artifact_location: 's3://b/p#f'
  }),
  post('create, artifact_location with params', 'experiments/create', {
    name: 'l2',
    artifact_location: 'http://b/p;x=1'
  }),
  post(
    'create, artifact_location of S3 with a semicolon',
    'experiments/create',
    { name: 'l7', artifact_location: 's3://b/p;x=1' },
    { keep: { exp8: 'experiment_id' } }
  ),
  post('create, artifact_location with .. in its query', 'experiments/create', {
    name: 'l3',
    artifact_location: 's3://b/p?a=../x'
  }),
  post('create, artifact_location of a run', 'experiments/create', { name: 'l4', artifact_location: 'runs:/abc/x' }),
  post('create, artifact_location of 2049 characters', 'experiments/create', {
    name: 'l5',
    artifact_location: `s3://${long(2044)}`
  }),
  post(
    'create, artifact_location of 2048 characters',
    'experiments/create',
    { name: 'l6', artifact_location: `s3://${long(2043)}` },
    { keep: { exp7: 'experiment_id' } }
  ),
  post('create, tags not a list', 'experiments/create', { name: 't1', tags: 'x' }),
  post('create, tag without key', 'experiments/create', { name: 't2', tags: [{ value: 'x' }] }),
  post(
    'create, tag without value',
    'experiments/create',
    { name: 't3', tags: [{ key: 'x' }] },
    { keep: { exp9: 'experiment_id' } }
  ),
  get('get, tag without value', 'experiments/get', { experiment_id: '{{exp9}}' }),
  post('create, tag with a bad key', 'experiments/create', { name: 't4', tags: [{ key: 'a#b', value: 'x' }] }),
  post('create, tag key of 251 characters', 'experiments/create', {
    name: 't5',
    tags: [{ key: long(251), value: 'x' }]
  }),
  post('create, tag value of 20000 characters', 'experiments/create', {
    name: 't6',
    tags: [{ key: 'a', value: long(20_000) }]
  }),
  post('create, tag value of 20001 characters', 'experiments/create', {
    name: 't7',
    tags: [{ key: 'a', value: long(20_001) }]
  }),
  post('create, a tag twice', 'experiments/create', {
    name: 't8',
    tags: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' }
    ]
  }),
  get('get, no id', 'experiments/get'),
  get('get, empty id', 'experiments/get', { experiment_id: '' }),
  get('get, unknown id', 'experiments/get', { experiment_id: '999999' }),
  get('get, id is no integer', 'experiments/get', { experiment_id: 'abc' }),
  get('get, id is negative', 'experiments/get', { experiment_id: '-1' }),
  get('get-by-name', 'experiments/get-by-name', { experiment_name: 'second' }),
  get('get-by-name, unknown', 'experiments/get-by-name', { experiment_name: 'nobody' }),
  get('get-by-name, no name', 'experiments/get-by-name'),
  post('update', 'experiments/update', { experiment_id: '{{exp1}}', new_name: 'first, renamed' }),
  get('get, renamed', 'experiments/get', { experiment_id: '{{exp1}}' }),
  get('get-by-name, the old name', 'experiments/get-by-name', { experiment_name: 'first' }),
  post('update, the name is taken', 'experiments/update', { experiment_id: '{{exp1}}', new_name: 'second' }),
  post('update, its own name', 'experiments/update', { experiment_id: '{{exp1}}', new_name: 'first, renamed' }),
  post('update, no new name', 'experiments/update', { experiment_id: '{{exp1}}' }),
  post('update, empty new name', 'experiments/update', { experiment_id: '{{exp1}}', new_name: '' }),
  post('update, no id', 'experiments/update', { new_name: 'x' }),
  post('update, unknown id', 'experiments/update', { experiment_id: '999999', new_name: 'x' }),
  post('update, new name of 501 characters', 'experiments/update', { experiment_id: '{{exp1}}', new_name: long(501) }),
  post('set tag', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', key: 'a', value: '1' }),
  post('set tag again', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', key: 'a', value: '2' }),
  post('set tag, no value', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', key: 'b' }),
  post('set tag, empty value', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', key: 'c', value: '' }),
  post('set tag, no key', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', value: '1' }),
  post('set tag, no id', 'experiments/set-experiment-tag', { key: 'a', value: '1' }),
  post('set tag, bad key', 'experiments/set-experiment-tag', { experiment_id: '{{exp1}}', key: 'a#b', value: '1' }),
  post('set tag, key like a path', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: 'a//b',
    value: '1'
  }),
  post('set tag, key of 250 characters', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: long(250),
    value: '1'
  }),
  post('set tag, key of 251 characters', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: long(251),
    value: '1'
  }),
  post('set tag, value of 20000 characters', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: 'long',
    value: long(20_000)
  }),
  post('set tag, value of 20001 characters', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: 'longer',
    value: long(20_001)
  }),
  post('set tag, unknown id', 'experiments/set-experiment-tag', { experiment_id: '999999', key: 'a', value: '1' }),
  post('set tag, value is a number', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp1}}',
    key: 'n',
    value: 5
  }),
  get('get, with tags', 'experiments/get', { experiment_id: '{{exp1}}' }),
  post('delete tag', 'experiments/delete-experiment-tag', { experiment_id: '{{exp1}}', key: 'a' }),
  post('delete tag, absent', 'experiments/delete-experiment-tag', { experiment_id: '{{exp1}}', key: 'a' }),
  post('delete tag, no key', 'experiments/delete-experiment-tag', { experiment_id: '{{exp1}}' }),
  post('delete tag, unknown id', 'experiments/delete-experiment-tag', { experiment_id: '999999', key: 'a' }),
  post(
    'a run in it',
    'runs/create',
    { experiment_id: '{{exp2}}', run_name: 'r', start_time: 5 },
    { keep: { run: 'run.info.run_id' } }
  ),
  post('delete', 'experiments/delete', { experiment_id: '{{exp2}}' }),
  get('get, deleted', 'experiments/get', { experiment_id: '{{exp2}}' }),
  get('get-by-name, deleted', 'experiments/get-by-name', { experiment_name: 'second' }),
  get('its run is deleted too', 'runs/get', { run_id: '{{run}}' }),
  post('delete again', 'experiments/delete', { experiment_id: '{{exp2}}' }),
  post('delete, unknown id', 'experiments/delete', { experiment_id: '999999' }),
  post('delete, no id', 'experiments/delete', {}),
  post('delete, id is no integer', 'experiments/delete', { experiment_id: 'abc' }),
  post('create, the name of a deleted one', 'experiments/create', { name: 'second' }),
  post('update, deleted', 'experiments/update', { experiment_id: '{{exp2}}', new_name: 'x' }),
  post('set tag, deleted', 'experiments/set-experiment-tag', { experiment_id: '{{exp2}}', key: 'a', value: '1' }),
  post('delete tag, deleted', 'experiments/delete-experiment-tag', { experiment_id: '{{exp2}}', key: 'team' }),
  post('a run in a deleted one', 'runs/create', { experiment_id: '{{exp2}}' }),
  post('restore', 'experiments/restore', { experiment_id: '{{exp2}}' }),
  get('get, restored', 'experiments/get', { experiment_id: '{{exp2}}' }),
  get('its run is restored too', 'runs/get', { run_id: '{{run}}' }),
  post('restore, active', 'experiments/restore', { experiment_id: '{{exp2}}' }),
  post('restore, unknown id', 'experiments/restore', { experiment_id: '999999' }),
  post('restore, no id', 'experiments/restore', {})
)
