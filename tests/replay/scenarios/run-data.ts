import { beginning } from '../beginning.ts'
import { get, long, post, raw, scenario, type Json } from '../request.ts'

const run = { run_id: '{{run}}' }
const metric = (name: string, fields: { readonly [key: string]: Json | undefined }) =>
  post(`metric, ${name}`, 'runs/log-metric', { ...run, key: 'm', value: 1, timestamp: 1, ...fields })
const param = (name: string, key: Json, value: Json) =>
  post(`param, ${name}`, 'runs/log-parameter', { ...run, key, value })
const tag = (name: string, key: Json, value: Json) => post(`tag, ${name}`, 'runs/set-tag', { ...run, key, value })
const asText = (name: string, body: string) =>
  raw(name, 'POST', 'runs/log-metric', { headers: { 'Content-Type': 'application/json' }, body })

const start = (name: string) => beginning(name, 'run', 'stray')

/** For what one server takes and the other does not, so that nothing after it differs. */
const stray = { run_id: '{{stray}}' }

export const metrics = scenario(
  'metrics',
  ...start('of metrics'),
  post(
    'a third run',
    'runs/create',
    { experiment_id: '{{exp1}}', start_time: 3 },
    { keep: { lost: 'run.info.run_id' } }
  ),
  metric('plain', { value: 0.5 }),
  metric('no step, no key', { key: undefined }),
  metric('empty key', { key: '' }),
  metric('no value', { value: undefined }),
  metric('no timestamp', { timestamp: undefined }),
  metric('no run', { run_id: undefined }),
  metric('unknown run', { run_id: long(32, '0') }),
  metric('by run_uuid', { run_id: undefined, run_uuid: '{{run}}', key: 'uuid' }),
  metric('value in a text', { key: 'text', value: '2.5' }),
  metric('value true', { key: 'bool', value: true }),
  metric('value no number', { value: 'big' }),
  metric('value a list', { value: [1] }),
  metric('value null', { value: null }),
  metric('value NaN in a text', { key: 'nan', value: 'NaN' }),
  metric('value Infinity in a text', { key: 'inf', value: 'Infinity' }),
  metric('value -Infinity in a text', { key: '-inf', value: '-Infinity' }),
  asText('metric, value bare NaN', '{"run_id": "{{stray}}", "key": "bare nan", "value": NaN, "timestamp": 1}'),
  asText(
    'metric, value bare Infinity',
    '{"run_id": "{{stray}}", "key": "bare inf", "value": Infinity, "timestamp": 1}'
  ),
  asText('metric, value beyond doubles', '{"run_id": "{{stray}}", "key": "huge", "value": 1e999, "timestamp": 1}'),
  metric('value -0', { key: 'zero', value: -0 }),
  metric('smallest value', { key: 'least', value: 5e-324 }),
  metric('greatest value', { key: 'most', value: Number.MAX_VALUE }),
  metric('timestamp negative', { timestamp: -1 }),
  metric('timestamp 0', { key: 'at 0', timestamp: 0 }),
  metric('timestamp in a text', { key: 'ts', timestamp: '12' }),
  metric('timestamp with a fraction', { run_id: '{{lost}}', timestamp: 1.5 }),
  metric('timestamp no number', { timestamp: 'now' }),
  metric('step negative', { key: 'back', step: -5 }),
  metric('step in a text', { key: 'step text', step: '3' }),
  metric('step with a fraction', { run_id: '{{lost}}', step: 1.5 }),
  metric('step no number', { step: 'x' }),
  metric('step of 2^53', { key: 'far', step: 9007199254740991 }),
  asText(
    'metric, step beyond int64',
    '{"run_id": "{{lost}}", "key": "far2", "value": 1, "timestamp": 1, "step": 9223372036854775808}'
  ),
  metric('key with a slash', { key: 'val/loss', value: 1 }),
  metric('key with all that is allowed', { key: 'a_b-c.d e:f/g9' }),
  metric('key unicode', { key: 'Übung 練習' }),
  metric('key emoji', { key: '🎈' }),
  metric('key with #', { key: 'a#b' }),
  metric('key like a path up', { key: '../a' }),
  metric('key absolute', { key: '/a' }),
  metric('key with //', { key: 'a//b' }),
  metric('key with ./', { key: './a' }),
  metric('key ends in /', { key: 'a/' }),
  metric('key .', { key: '.' }),
  metric('key of 250 characters', { key: long(250) }),
  metric('key of 251 characters', { key: long(251) }),
  metric('key a number', { key: 5 }),
  metric('same point twice', { key: 'twice', step: 1 }),
  metric('same point twice, again', { key: 'twice', step: 1 }),
  metric('later step', { key: 'order', step: 5, value: 5 }),
  metric('lower step logged later', { key: 'order', step: 2, value: 9 }),
  metric('same step, later time', { key: 'order', step: 5, timestamp: 2, value: 1 }),
  metric('same step and time, lower value', { key: 'order', step: 5, timestamp: 2, value: 0.5 }),
  get('the run of bare numbers', 'runs/get', stray),
  metric('NaN against -1', { key: 'nan rule', value: -1 }),
  metric('NaN against -1, the NaN', { key: 'nan rule', value: 'NaN' }),
  get('the run', 'runs/get', run)
)

export const params = scenario(
  'params',
  ...start('of params'),
  param('plain', 'lr', '0.1'),
  param('again, equal', 'lr', '0.1'),
  param('again, other value', 'lr', '0.2'),
  post('param, no value', 'runs/log-parameter', { ...run, key: 'none' }),
  param('empty value', 'empty', ''),
  param('null value', 'null', null),
  param('empty, then a value', 'empty', 'x'),
  post('param, no key', 'runs/log-parameter', { ...run, value: '1' }),
  post('param, no run', 'runs/log-parameter', { key: 'a', value: '1' }),
  post('param, unknown run', 'runs/log-parameter', { run_id: long(32, '0'), key: 'a', value: '1' }),
  param('value a number', 'n', 5),
  param('value a list', 'l', ['a']),
  param('value true', 'b', true),
  param('key a number', 5, 'x'),
  param('bad key', 'a#b', '1'),
  param('key like a path', 'a/../b', '1'),
  param('key of 250 characters', long(250), '1'),
  param('key of 251 characters', long(251), '1'),
  param('value of 6000 characters', 'long', long(6000)),
  param('value of 6001 characters', 'longer', long(6001)),
  param('value of 6001 characters, again', 'longer', long(6001)),
  param('value of 6001 characters, other at its end', 'longer', `${long(6000)}y`),
  param('unicode', 'ключ', '値 🎈\n"quoted"\ttab'),
  get('the run', 'runs/get', run)
)

export const tags = scenario(
  'tags',
  ...start('of tags'),
  tag('plain', 'a', '1'),
  tag('again', 'a', '2'),
  tag('empty value', 'empty', ''),
  post('tag, no value', 'runs/set-tag', { ...run, key: 'none' }),
  post('tag, no key', 'runs/set-tag', { ...run, value: '1' }),
  post('tag, no run', 'runs/set-tag', { key: 'a', value: '1' }),
  post('tag, unknown run', 'runs/set-tag', { run_id: long(32, '0'), key: 'a', value: '1' }),
  tag('value a number', 'n', 5),
  tag('bad key', 'a#b', '1'),
  tag('key absolute', '/a', '1'),
  tag('key of 250 characters', long(250), '1'),
  tag('key of 251 characters', long(251), '1'),
  tag('value of 8000 characters', 'long', long(8000)),
  tag('value of 8001 characters', 'longer', long(8001)),
  tag('unicode', 'ключ', '値 🎈'),
  get('the run', 'runs/get', run),
  post('delete-tag', 'runs/delete-tag', { ...run, key: 'a' }),
  post('delete-tag, absent', 'runs/delete-tag', { ...run, key: 'a' }),
  post('delete-tag, no key', 'runs/delete-tag', run),
  post('delete-tag, unknown run', 'runs/delete-tag', { run_id: long(32, '0'), key: 'a' }),
  get('the run, one tag less', 'runs/get', run)
)

const batch = (name: string, fields: { readonly [key: string]: Json | undefined }) =>
  post(name, 'runs/log-batch', { ...run, ...fields })
const point = (key: string, value: Json = 1, step = 0) => ({ key, value, timestamp: 1, step })
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

export const batches = scenario(
  'batches',
  ...start('of batches'),
  post(
    'a third run',
    'runs/create',
    { experiment_id: '{{exp1}}', start_time: 3 },
    { keep: { lost: 'run.info.run_id' } }
  ),
  batch('all three', {
    metrics: [point('m', 0.5), point('m', 0.25, 1)],
    params: [{ key: 'p', value: '1' }],
    tags: [{ key: 't', value: 'x' }]
  }),
  batch('nothing', {}),
  batch('empty lists', { metrics: [], params: [], tags: [] }),
  post('no run', 'runs/log-batch', { params: [] }),
  post('unknown run', 'runs/log-batch', { run_id: long(32, '0'), params: [{ key: 'a', value: '1' }] }),
  post('run id with a slash', 'runs/log-batch', { run_id: 'a/b' }),
  batch('1000 metrics', { metrics: many(1000, (index) => point('many', index, index)) }),
  batch('1001 metrics', { metrics: many(1001, (index) => point('many', index, index)) }),
  batch('100 params', { params: many(100, (index) => ({ key: `p${index}`, value: String(index) })) }),
  batch('101 params', { params: many(101, (index) => ({ key: `q${index}`, value: '1' })) }),
  batch('100 tags', { tags: many(100, (index) => ({ key: `t${index}`, value: '1' })) }),
  batch('101 tags', { tags: many(101, (index) => ({ key: `u${index}`, value: '1' })) }),
  batch('1000 in all', {
    metrics: many(990, (index) => point('all', index, index)),
    params: many(10, (index) => ({ key: `all${index}`, value: '1' }))
  }),
  batch('1001 in all', {
    metrics: many(990, (index) => point('all', index, index)),
    params: many(11, (index) => ({ key: `more${index}`, value: '1' }))
  }),
  batch('metrics not a list', { metrics: 'abc' }),
  batch('params not a list', { params: { key: 'a' } }),
  batch('tags not a list', { tags: 5 }),
  batch('a metric that is a text', { metrics: ['abc'] }),
  batch('metric without key', { metrics: [{ value: 1, timestamp: 1 }] }),
  batch('metric without value', { metrics: [{ key: 'm', timestamp: 1 }] }),
  batch('metric without timestamp', { metrics: [{ key: 'm', value: 1 }] }),
  batch('metric without step', { metrics: [{ key: 'stepless', value: 1, timestamp: 1 }] }),
  batch('second metric with a bad key', { metrics: [point('m'), point('a#b')] }),
  batch('metric value no number', { run_id: '{{lost}}', metrics: [point('m', 'x')] }),
  batch('metric NaN', { metrics: [point('nan', 'NaN')] }),
  batch('metric timestamp negative', { metrics: [{ key: 'm', value: 1, timestamp: -1 }] }),
  batch('metric key of 251 characters', { metrics: [point(long(251))] }),
  batch('param without key', { params: [{ value: '1' }] }),
  batch('param without value', { params: [{ key: 'valueless' }] }),
  batch('param value a number', { run_id: '{{lost}}', params: [{ key: 'number', value: 5 }] }),
  batch('param with a bad key', { params: [{ key: 'a#b', value: '1' }] }),
  batch('param key of 251 characters', { params: [{ key: long(251), value: '1' }] }),
  batch('param value of 6001 characters', { params: [{ key: 'long', value: long(6001) }] }),
  batch('a param twice, equal', {
    params: [
      { key: 'q', value: '1' },
      { key: 'q', value: '1' }
    ]
  }),
  batch('a param twice, different', {
    params: [
      { key: 'q', value: '1' },
      { key: 'q', value: '2' }
    ]
  }),
  batch('a param logged before, equal', { params: [{ key: 'p', value: '1' }] }),
  batch('a param', { ...stray, params: [{ key: 'p', value: '1' }] }),
  batch('a param logged before, different', {
    ...stray,
    params: [
      { key: 'p', value: '2' },
      { key: 'new beside it', value: '1' }
    ]
  }),
  batch('a bad tag beside good metrics', { metrics: [point('beside')], tags: [{ key: 'a#b', value: '1' }] }),
  get('the run of the refused batch', 'runs/get', stray),
  batch('a changed param beside good metrics', { metrics: [point('beside too')], params: [{ key: 'p', value: '3' }] }),
  batch('tag without key', { tags: [{ value: '1' }] }),
  batch('tag without value', { tags: [{ key: 'valueless' }] }),
  batch('tag key of 251 characters', { tags: [{ key: long(251), value: '1' }] }),
  batch('tag value of 8001 characters', { tags: [{ key: 'long', value: long(8001) }] }),
  batch('a tag twice', {
    tags: [
      { key: 'twice', value: '1' },
      { key: 'twice', value: '2' }
    ]
  }),
  batch('the name by tag', { tags: [{ key: 'mlflow.runName', value: 'by batch' }] }),
  get('the run', 'runs/get', run)
)
