/**
 * What must be refused, with MLflow's status, code and sentence, and nothing written. Ids: API-B.
 *
 * `RUN`, `GONE` and `EXP` in a request or a sentence stand for an active run, a deleted run and a deleted experiment.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { ENGINES, dumpStore } from '../../support/engines.ts'
import { MLFLOW, openApi, pick, type ApiClient } from './client.ts'

type Row = readonly [request: string, body: unknown, status: number, code: string, message: string | RegExp]

const IPV = 'INVALID_PARAMETER_VALUE'
const RDNE = 'RESOURCE_DOES_NOT_EXIST'
const DOCS = 'See the API docs for more information about request parameters.'
const BAD_KEY =
  'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).'
const BAD_PATH =
  'Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to'
const NOT_ACTIVE_RUN = "The run GONE must be in the 'active' state. Current state is deleted."
const UNSAFE = (name: string) =>
  `Parameter '${name}' is outside ±9007199254740991, the integers this store keeps exactly.`

const missing = (name: string): string => `Missing value for required parameter '${name}'. ${DOCS}`
const typed = (name: string, value: string, type: string): string =>
  `Invalid value ${value} for parameter '${name}' supplied:  Hint: Value was of type '${type}'. ${DOCS}`
const point = (fields: object = {}) => ({ key: 'm', value: 1, timestamp: 1, ...fields })
const logMetric = (fields: object) => ({ run_id: 'RUN', ...point(), ...fields })
const batch = (fields: object) => ({ run_id: 'RUN', ...fields })
const many = (n: number, prefix = 'k') => Array.from({ length: n }, (_, i) => ({ key: `${prefix}${i}`, value: '1' }))
const points = (n: number) => many(n).map((item) => ({ ...item, value: 1, timestamp: 1 }))
const dataset = (fields: object, tags: unknown = []) => ({
  run_id: 'RUN',
  datasets: [{ tags, dataset: { name: 'd', digest: 'x', ...fields } }]
})
const a = (n: number): string => 'a'.repeat(n)

const EXPERIMENTS: readonly Row[] = [
  ['experiments/create', {}, 400, IPV, missing('name')],
  ['experiments/create', { name: null }, 400, IPV, missing('name')],
  ['experiments/create', { name: '' }, 400, IPV, missing('name')],
  ['experiments/create', { name: 5 }, 400, IPV, typed('name', '5', 'int')],
  ['experiments/create', { name: 1.5 }, 400, IPV, typed('name', '1.5', 'float')],
  ['experiments/create', { name: true }, 400, IPV, typed('name', 'true', 'bool')],
  [
    'experiments/create',
    { name: ['a', { b: 1, a: 'é' }] },
    400,
    IPV,
    typed('name', '["a",{"a":"\\u00e9","b":1}]', 'list')
  ],
  ['experiments/create', { name: {} }, 400, IPV, typed('name', '{}', 'dict')],
  ['experiments/create', { name: a(501) }, 400, IPV, "'name' exceeds the maximum length of 500 characters"],
  ['experiments/create', { name: 'x\ud800' }, 400, IPV, /well-formed Unicode/],
  [
    'experiments/create',
    { name: 'Default' },
    400,
    'RESOURCE_ALREADY_EXISTS',
    /^Experiment\(name=Default\) already exists\./
  ],
  ['experiments/create', { name: 'gone' }, 400, 'RESOURCE_ALREADY_EXISTS', /already exists/],
  ['experiments/create', { name: 'x', tags: 'abc' }, 400, IPV, typed('tags', '"abc"', 'str')],
  ['experiments/create', { name: 'x', tags: [{ key: 'k' }, { key: 'k' }] }, 400, 'BAD_REQUEST', /Duplicate tag keys/],
  [
    'experiments/create',
    { name: 'x', artifact_location: 's3://b/x#f' },
    400,
    IPV,
    "'artifact_location' URL can't include fragments or params."
  ],
  [
    'experiments/create',
    { name: 'x', artifact_location: 'http://b/x;p' },
    400,
    IPV,
    "'artifact_location' URL can't include fragments or params."
  ],
  ['experiments/create', { name: 'x', artifact_location: 's3://b/x?a=../b' }, 400, IPV, 'Invalid query string'],
  ['experiments/create', { name: 'x', artifact_location: 's3://b/x?a=%2E%2e/b' }, 400, IPV, 'Invalid query string'],
  ['experiments/create', { name: 'x', artifact_location: 'runs:/abc' }, 400, IPV, /cannot be a runs:\/ URI/],
  ['experiments/create', { name: 'x', artifact_location: `s3://${a(2044)}` }, 400, IPV, /greater than 2048 characters/],
  ['experiments/create', { name: 'x', artifact_location: 'mlflow-artifacts:/../up' }, 400, IPV, 'Invalid path'],
  ['experiments/create', { name: 'x', artifact_location: 'mlflow-artifacts:/a/%2e%2e/up' }, 400, IPV, 'Invalid path'],
  ['GET experiments/get', {}, 400, IPV, missing('experiment_id')],
  [
    'GET experiments/get',
    { experiment_id: 'abc' },
    400,
    IPV,
    "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."
  ],
  ['GET experiments/get', { experiment_id: '12345' }, 404, RDNE, 'No Experiment with id=12345 exists'],
  ['GET experiments/get-by-name', {}, 400, IPV, missing('experiment_name')],
  ['GET experiments/get-by-name', { experiment_name: 'X' }, 404, RDNE, "Could not find experiment with name 'X'"],
  ['experiments/delete', { experiment_id: 'EXP' }, 404, RDNE, /No Experiment with id=EXP exists/],
  ['experiments/delete', { experiment_id: 0 }, 400, IPV, typed('experiment_id', '0', 'int')],
  ['experiments/restore', { experiment_id: '0' }, 404, RDNE, /No Experiment with id=0 exists/],
  ['experiments/update', { experiment_id: '0' }, 400, IPV, missing('new_name')],
  [
    'experiments/update',
    { experiment_id: '0', new_name: a(501) },
    400,
    IPV,
    "'name' exceeds the maximum length of 500 characters"
  ],
  ['experiments/update', { experiment_id: '0', new_name: 'gone' }, 400, 'BAD_REQUEST', /already exists/],
  [
    'experiments/update',
    { experiment_id: 'EXP', new_name: 'new' },
    400,
    'INVALID_STATE',
    'Cannot rename a non-active experiment.'
  ],
  [
    'experiments/set-experiment-tag',
    { experiment_id: 'EXP', key: 'k', value: 'v' },
    400,
    IPV,
    "The experiment EXP must be in the 'active' state. Current state is deleted."
  ],
  [
    'experiments/set-experiment-tag',
    { experiment_id: '0', key: 'k', value: a(20_001) },
    400,
    IPV,
    "'value' exceeds the maximum length of 20000 characters"
  ],
  [
    'experiments/set-experiment-tag',
    { experiment_id: '0', key: a(251), value: '' },
    400,
    IPV,
    "'key' exceeds the maximum length of 250 characters"
  ],
  [
    'experiments/set-experiment-tag',
    { experiment_id: '0', key: 'a#b', value: '' },
    400,
    IPV,
    `Invalid value "a#b" for parameter 'key' supplied: ${BAD_KEY}`
  ],
  ['experiments/delete-experiment-tag', { experiment_id: '0', key: 'nope' }, 404, RDNE, /No tag with name: nope/],
  [
    'experiments/search',
    {},
    400,
    IPV,
    "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
  ],
  [
    'experiments/search',
    { max_results: -1 },
    400,
    IPV,
    "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer"
  ],
  [
    'experiments/search',
    { max_results: 50001 },
    400,
    IPV,
    "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"
  ],
  ['GET experiments/search', { max_results: 'ten' }, 400, IPV, typed('max_results', '"ten"', 'str')],
  [
    'experiments/search',
    { max_results: 1, page_token: 'abc' },
    400,
    IPV,
    'Invalid page token, could not base64-decode'
  ],
  [
    'experiments/search',
    { max_results: 1, page_token: btoa('{"offset": 0}') },
    400,
    IPV,
    /^Invalid page token, parsed value=/
  ],
  [
    'experiments/search',
    { max_results: 1, page_token: btoa('{"offset": -1}') },
    400,
    IPV,
    /^Invalid page token, parsed value=/
  ],
  ['experiments/search', { max_results: 1, page_token: btoa('{}') }, 400, IPV, /^Invalid page token, parsed value=/],
  [
    'experiments/search',
    { max_results: 1, page_token: btoa('not json') },
    400,
    IPV,
    /^Invalid page token, decoded value=/
  ],
  ['experiments/search', { max_results: 1, filter: 'name >' }, 400, IPV, /./],
  ['experiments/search', { max_results: 1, order_by: 'name' }, 400, IPV, typed('order_by', '"name"', 'str')]
]

const RUNS: readonly Row[] = [
  ['runs/create', {}, 400, 'BAD_REQUEST', /experiment_id/],
  ['runs/create', { experiment_id: '777' }, 404, RDNE, 'No Experiment with id=777 exists'],
  [
    'runs/create',
    { experiment_id: 'x' },
    400,
    IPV,
    "Invalid experiment ID 'x'. Experiment ID must be a valid integer."
  ],
  ['runs/create', { experiment_id: '9007199254740993' }, 400, IPV, /must be a valid integer/],
  [
    'runs/create',
    { experiment_id: 'EXP' },
    400,
    IPV,
    "The experiment EXP must be in the 'active' state. Current state is deleted."
  ],
  ['runs/create', { experiment_id: '0', start_time: 'soon' }, 400, IPV, typed('start_time', '"soon"', 'str')],
  ['runs/create', { experiment_id: '0', start_time: 1.5 }, 400, IPV, typed('start_time', '1.5', 'float')],
  ['runs/create', { experiment_id: '0', start_time: '9007199254740993' }, 400, IPV, UNSAFE('start_time')],
  ['runs/create', { experiment_id: '0', tags: [{ key: 'k' }, { key: 'k' }] }, 400, 'BAD_REQUEST', /Duplicate tag keys/],
  ['runs/create', { experiment_id: '0', tags: [{ value: 'v' }] }, 400, IPV, missing('tags[0].key')],
  ['runs/create', { experiment_id: '0', tags: [null] }, 400, IPV, typed('tags[0]', 'null', 'NoneType')],
  ['runs/create', { experiment_id: '0', tags: [{ key: 'k', value: 1 }] }, 400, IPV, typed('tags[0].value', '1', 'int')],
  [
    'runs/create',
    { experiment_id: '0', run_name: 'a', tags: [{ key: 'mlflow.runName', value: 'b' }] },
    400,
    IPV,
    /different values/
  ],
  ['GET runs/get', {}, 400, IPV, missing('run_id')],
  ['GET runs/get', { run_id: 'nobody' }, 404, RDNE, 'Run with id=nobody not found'],
  ['GET runs/get', { run_id: 'a/b' }, 404, RDNE, 'Run with id=a/b not found'],
  ['runs/update', { status: 'FINISHED' }, 400, IPV, missing('run_id')],
  ['runs/update', { run_id: 'nobody', status: 'FINISHED' }, 404, RDNE, 'Run with id=nobody not found'],
  ['runs/update', { run_id: 'GONE', status: 'FINISHED' }, 400, IPV, NOT_ACTIVE_RUN],
  ['runs/update', { run_id: 'RUN', end_time: 'x' }, 400, IPV, typed('end_time', '"x"', 'str')],
  ['runs/update', { run_id: 'RUN', status: 99 }, 400, IPV, typed('status', '99', 'int')],
  ['runs/delete', { run_id: 'nobody' }, 404, RDNE, 'Run with id=nobody not found'],
  ['runs/restore', { run_id: 'nobody' }, 404, RDNE, 'Run with id=nobody not found'],
  ['runs/search', { experiment_ids: ['0'], max_results: 0 }, 400, IPV, /must be a positive integer$/],
  ['runs/search', { experiment_ids: ['0'], max_results: 50001 }, 400, IPV, /must be at most 50000$/],
  ['runs/search', { experiment_ids: '0' }, 400, IPV, typed('experiment_ids', '"0"', 'str')],
  ['runs/search', { experiment_ids: [0] }, 400, IPV, typed('experiment_ids[0]', '0', 'int')],
  ['runs/search', { experiment_ids: ['0'], filter: "foo.bar = 'x'" }, 400, IPV, /^Invalid entity type 'foo'/],
  ['runs/search', { experiment_ids: ['0'], order_by: ['metrics.a foo'] }, 400, IPV, /order_by/],
  ['runs/search', { experiment_ids: ['0'], order_by: ['metrics.a', 'metrics.a'] }, 400, IPV, /duplicate fields/],
  ['GET metrics/get-history', { run_id: 'RUN' }, 400, IPV, missing('metric_key')],
  [
    'GET metrics/get-history',
    { run_id: 'RUN', metric_key: 'm', max_results: '0' },
    400,
    IPV,
    /must be a positive integer\.$/
  ]
]

const DATA: readonly Row[] = [
  ['runs/log-metric', { key: 'm', value: 1, timestamp: 1 }, 400, IPV, missing('run_id')],
  ['runs/log-metric', logMetric({ key: '' }), 400, IPV, missing('key')],
  ['runs/log-metric', logMetric({ value: null }), 400, IPV, missing('value')],
  ['runs/log-metric', logMetric({ value: '' }), 400, IPV, missing('value')],
  ['runs/log-metric', logMetric({ timestamp: undefined }), 400, IPV, missing('timestamp')],
  ['runs/log-metric', logMetric({ value: 'abc' }), 400, IPV, typed('value', '"abc"', 'str')],
  ['runs/log-metric', logMetric({ value: [] }), 400, IPV, typed('value', '[]', 'list')],
  ['runs/log-metric', logMetric({ timestamp: 'x' }), 400, IPV, typed('timestamp', '"x"', 'str')],
  ['runs/log-metric', logMetric({ timestamp: 1.5 }), 400, IPV, typed('timestamp', '1.5', 'float')],
  ['runs/log-metric', logMetric({ timestamp: true }), 400, IPV, typed('timestamp', 'true', 'bool')],
  ['runs/log-metric', logMetric({ step: '1.5' }), 400, IPV, typed('step', '"1.5"', 'str')],
  [
    'runs/log-metric',
    logMetric({ key: 'a', timestamp: -1 }),
    400,
    IPV,
    "Invalid value -1 for parameter 'timestamp' supplied: metric 'a' (value=1.0). Timestamp must be a nonnegative long (64-bit integer) "
  ],
  ['runs/log-metric', logMetric({ key: 'a', value: 'NaN', timestamp: '-1' }), 400, IPV, /metric 'a' \(value=nan\)/],
  ['runs/log-metric', logMetric({ step: '9223372036854775808' }), 400, IPV, UNSAFE('step')],
  ['runs/log-metric', logMetric({ step: '-9223372036854775809' }), 400, IPV, UNSAFE('step')],
  ['runs/log-metric', logMetric({ step: 2 ** 63 }), 400, IPV, UNSAFE('step')],
  ['runs/log-metric', logMetric({ step: '9'.repeat(400) }), 400, IPV, UNSAFE('step')],
  ['runs/log-metric', '{"run_id":"RUN","key":"m","value":1,"timestamp":1e400}', 400, IPV, UNSAFE('timestamp')],
  [
    'runs/log-metric',
    '{"run_id":"RUN","key":"m","value":1,"timestamp":NaN}',
    400,
    IPV,
    typed('timestamp', 'NaN', 'float')
  ],
  [
    'runs/log-metric',
    logMetric({ key: 'a#b' }),
    400,
    IPV,
    `Invalid value "a#b" for parameter 'name' supplied: ${BAD_KEY}`
  ],
  [
    'runs/log-metric',
    logMetric({ key: 'a//b' }),
    400,
    IPV,
    `Invalid value "a//b" for parameter 'name' supplied: ${BAD_PATH} 'a/b'`
  ],
  ['runs/log-metric', logMetric({ key: 'a/' }), 400, IPV, /resolve to 'a'$/],
  ['runs/log-metric', logMetric({ key: './a' }), 400, IPV, /resolve to 'a'$/],
  ['runs/log-metric', logMetric({ key: 'a/../b' }), 400, IPV, /resolve to 'b'$/],
  ['runs/log-metric', logMetric({ key: '/a' }), 400, IPV, /resolve to '\/a'$/],
  ['runs/log-metric', logMetric({ key: '//a' }), 400, IPV, /resolve to '\/\/a'$/],
  ['runs/log-metric', logMetric({ key: '..' }), 400, IPV, /resolve to '\.\.'$/],
  ['runs/log-metric', logMetric({ key: '.' }), 400, IPV, /resolve to '\.'$/],
  ['runs/log-metric', logMetric({ key: '..a' }), 400, IPV, /resolve to '\.\.a'$/],
  [
    'runs/log-metric',
    logMetric({ key: 'a\0b' }),
    400,
    IPV,
    `Invalid value "a\\u0000b" for parameter 'name' supplied: ${BAD_KEY}`
  ],
  [
    'runs/log-metric',
    logMetric({ key: a(251) }),
    400,
    IPV,
    "'Metric name' exceeds the maximum length of 250 characters"
  ],
  ['runs/log-metric', logMetric({ run_id: 'nobody' }), 404, RDNE, 'Run with id=nobody not found'],
  ['runs/log-metric', logMetric({ run_id: 'GONE' }), 400, IPV, NOT_ACTIVE_RUN],
  ['runs/log-parameter', { run_id: 'RUN' }, 400, IPV, missing('key')],
  [
    'runs/log-parameter',
    { run_id: 'RUN', key: a(251), value: '' },
    400,
    IPV,
    "'Param key' exceeds the maximum length of 250 characters"
  ],
  [
    'runs/log-parameter',
    { run_id: 'RUN', key: 'a#b', value: '' },
    400,
    IPV,
    `Invalid value "a#b" for parameter 'key' supplied: ${BAD_KEY}`
  ],
  ['runs/log-parameter', { run_id: 'RUN', key: 'p', value: 5 }, 400, IPV, typed('value', '5', 'int')],
  ['runs/log-parameter', { run_id: 'RUN', key: 'p', value: '\udfff' }, 400, IPV, /well-formed Unicode/],
  ['runs/log-parameter', { run_id: 'GONE', key: 'p', value: '1' }, 400, IPV, NOT_ACTIVE_RUN],
  [
    'runs/log-parameter',
    { run_id: 'RUN', key: 'set', value: '2' },
    400,
    IPV,
    "Changing param values is not allowed. Param with key='set' was already logged with value='1' for run ID='RUN'. Attempted logging new value '2'."
  ],
  ['runs/set-tag', { run_id: 'RUN' }, 400, IPV, missing('key')],
  [
    'runs/set-tag',
    { run_id: 'RUN', key: a(251), value: '' },
    400,
    IPV,
    "'key' exceeds the maximum length of 250 characters"
  ],
  ['runs/set-tag', { run_id: 'GONE', key: 'k', value: '' }, 400, IPV, NOT_ACTIVE_RUN],
  ['runs/delete-tag', { run_id: 'RUN', key: 'nope' }, 404, RDNE, 'No tag with name: nope in run with id RUN'],
  ['runs/delete-tag', { run_id: 'GONE', key: 'mlflow.runName' }, 400, IPV, NOT_ACTIVE_RUN],
  ['runs/log-inputs', { run_id: 'a/b' }, 400, IPV, `Invalid value "a/b" for parameter 'run_id' supplied.`],
  ['runs/log-inputs', dataset({ name: '' }), 400, IPV, missing('datasets[0].dataset.name')],
  ['runs/log-inputs', { run_id: 'RUN', datasets: [{}] }, 400, IPV, missing('datasets[0].dataset')],
  ['runs/log-inputs', { run_id: 'RUN', datasets: {} }, 400, IPV, typed('datasets', '{}', 'dict')],
  ['runs/log-inputs', dataset({ name: a(501) }), 400, IPV, "'name' exceeds the maximum length of 500 characters"],
  ['runs/log-inputs', dataset({ digest: a(37) }), 400, IPV, "'digest' exceeds the maximum length of 36 characters"],
  [
    'runs/log-inputs',
    dataset({ source_type: a(37) }),
    400,
    IPV,
    "'source_type' exceeds the maximum length of 36 characters"
  ],
  [
    'runs/log-inputs',
    dataset({ source: a(65_536) }),
    400,
    IPV,
    "'source' exceeds the maximum length of 65535 characters"
  ],
  [
    'runs/log-inputs',
    dataset({ schema: a(1_048_576) }),
    400,
    IPV,
    "'schema' exceeds the maximum length of 1048575 characters"
  ],
  [
    'runs/log-inputs',
    dataset({ profile: a(16_777_216) }),
    400,
    IPV,
    "'profile' exceeds the maximum length of 16777215 characters"
  ],
  [
    'runs/log-inputs',
    dataset({}, [{ key: a(256), value: '' }]),
    400,
    IPV,
    "'key' exceeds the maximum length of 255 characters"
  ],
  [
    'runs/log-inputs',
    dataset({}, [{ key: 'k', value: a(501) }]),
    400,
    IPV,
    "'value' exceeds the maximum length of 500 characters"
  ],
  ['runs/log-inputs', { run_id: 'RUN', models: [{}] }, 400, IPV, missing('models[0].model_id')]
]

const over = (n: number, most: number, what: string) =>
  `A batch logging request can contain at most ${most} ${what}. Got ${n} ${what}. Please split up ${what} across multiple requests and try again.`

const BATCHES: readonly Row[] = [
  ['runs/log-batch', {}, 400, IPV, missing('run_id')],
  ['runs/log-batch', batch({ run_id: 'a/b' }), 400, IPV, `Invalid value "a/b" for parameter 'run_id' supplied.`],
  ['runs/log-batch', batch({ run_id: 'nobody', metrics: [point()] }), 404, RDNE, 'Run with id=nobody not found'],
  ['runs/log-batch', batch({ run_id: 'GONE', metrics: [point()] }), 400, IPV, NOT_ACTIVE_RUN],
  ['runs/log-batch', batch({ metrics: 'abc' }), 400, IPV, typed('metrics', '"abc"', 'str')],
  ['runs/log-batch', batch({ params: {} }), 400, IPV, typed('params', '{}', 'dict')],
  ['runs/log-batch', batch({ metrics: [{ key: 'm', timestamp: 1 }] }), 400, IPV, missing('metrics[0].value')],
  ['runs/log-batch', batch({ metrics: [point(), { value: 1, timestamp: 1 }] }), 400, IPV, missing('metrics[1].key')],
  ['runs/log-batch', batch({ metrics: [{ key: 'm', value: 1 }] }), 400, IPV, missing('metrics[0].timestamp')],
  ['runs/log-batch', batch({ params: [{ value: '1' }] }), 400, IPV, missing('params[0].key')],
  [
    'runs/log-batch',
    batch({ metrics: [point(), point({ key: 'a#b' })] }),
    400,
    IPV,
    `Invalid value "a#b" for parameter 'metrics[1].name' supplied: ${BAD_KEY}`
  ],
  ['runs/log-batch', batch({ metrics: [point({ value: 'x' })] }), 400, IPV, typed('metrics[0].value', '"x"', 'str')],
  [
    'runs/log-batch',
    batch({ metrics: [point({ timestamp: -1 })] }),
    400,
    IPV,
    /^Invalid value -1 for parameter 'metrics\[0\]\.timestamp' supplied: /
  ],
  [
    'runs/log-batch',
    batch({ params: [{ key: 'a#b', value: '' }] }),
    400,
    IPV,
    `Invalid value "a#b" for parameter 'params[0].key' supplied: ${BAD_KEY}`
  ],
  [
    'runs/log-batch',
    batch({ tags: [{ key: 'a#b', value: '' }] }),
    400,
    IPV,
    `Invalid value "a#b" for parameter 'tags[0].key' supplied: ${BAD_KEY}`
  ],
  [
    'runs/log-batch',
    batch({ metrics: [point()], tags: [{ key: a(251), value: '' }] }),
    400,
    IPV,
    "'tags[0].key' exceeds the maximum length of 250 characters"
  ],
  ['runs/log-batch', batch({ metrics: points(1001) }), 400, IPV, over(1001, 1000, 'metrics')],
  ['runs/log-batch', batch({ params: many(101) }), 400, IPV, over(101, 100, 'params')],
  ['runs/log-batch', batch({ tags: many(101) }), 400, IPV, over(101, 100, 'tags')],
  [
    'runs/log-batch',
    batch({ metrics: points(960), params: many(50) }),
    400,
    IPV,
    over(1010, 1000, 'metrics, params, and tags')
  ],
  [
    'runs/log-batch',
    batch({
      params: [
        { key: 'q', value: '1' },
        { key: 'q', value: '1' }
      ]
    }),
    400,
    IPV,
    "Duplicate parameter keys have been submitted: ['q']. Please ensure the request contains only one param value per param key."
  ],
  [
    'runs/log-batch',
    batch({
      metrics: [point()],
      tags: [{ key: 't', value: '1' }],
      params: [
        { key: 'new', value: '1' },
        { key: 'set', value: '3' }
      ]
    }),
    400,
    IPV,
    "Changing param values is not allowed. Params were already logged='[{'key': 'set', 'old_value': '1', 'new_value': '3'}]' for run ID='RUN'."
  ]
]

const BODIES: readonly Row[] = [
  ['experiments/create', '{"name": "x"', 400, IPV, missing('name')],
  ['experiments/create', '', 400, IPV, missing('name')],
  ['experiments/create', 'null', 400, IPV, missing('name')],
  ['experiments/create', '"not json inside"', 400, IPV, missing('name')],
  ['experiments/create', '[{"name": "x"}]', 400, IPV, /expected a JSON object\. Hint: Value was of type 'list'/],
  ['experiments/create', '5', 400, IPV, /expected a JSON object\. Hint: Value was of type 'int'/],
  ['experiments/create', '"[1]"', 400, IPV, /Value was of type 'list'/],
  ['experiments/create', '{"name": NaN}', 400, IPV, typed('name', 'NaN', 'float')],
  ['experiments/create', '{"__proto__": {"name": "x"}}', 400, IPV, missing('name')],
  ['experiments/create', `{"name": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400, IPV, /^Invalid value \[+…/]
]

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  let names: Record<string, string>
  let before: unknown

  beforeAll(async () => {
    api = await openApi(engine)
    const run = await api.createRun()
    const gone = await api.createRun()
    await api.post('runs/log-parameter', { run_id: run, key: 'set', value: '1' })
    await api.post('runs/delete', { run_id: gone })
    const experiment = pick((await api.post('experiments/create', { name: 'gone' })).json, 'experiment_id') as string
    await api.post('experiments/delete', { experiment_id: experiment })
    names = { RUN: run, GONE: gone, EXP: experiment }
    before = await dumpStore(api.store)
  })

  const fill = (text: string) => text.replace(/\b(RUN|GONE|EXP)\b/g, (name) => names[name]!)

  const send = (request: string, body: unknown) => {
    const [first = '', second] = request.split(' ')
    if (second !== undefined) return api.get(second, JSON.parse(fill(JSON.stringify(body))) as Record<string, string>)
    return api.post(first, fill(typeof body === 'string' ? body : JSON.stringify(body)))
  }

  const tables = { experiments: EXPERIMENTS, runs: RUNS, 'run data': DATA, batches: BATCHES, bodies: BODIES }
  describe.each(Object.entries(tables))('API-B %s', (_, rows) => {
    test.each(rows.map((row) => [`${row[0]} ${JSON.stringify(row[1])}`.slice(0, 100), row] as const))(
      '%s',
      async (_title, row) => {
        const [request, body, status, code, message] = row
        const answer = await send(request, body)
        const said = pick(answer.json, 'message') as string
        expect({ status: answer.status, code: pick(answer.json, 'error_code') }).toEqual({ status, code })
        if (typeof message === 'string') expect(said).toBe(fill(message))
        else expect(said).toMatch(new RegExp(fill(message.source), message.flags))
        expect(await dumpStore(api.store)).toEqual(before)
        expect(api.reported).toEqual([])
      }
    )
  })

  test('API-B Content-Type is demanded of POST', async () => {
    const send = async (contentType: string | null) => {
      const body = new TextEncoder().encode('{"name": "x"}')
      const headers: HeadersInit = contentType === null ? {} : { 'Content-Type': contentType }
      return (await api.request(`${MLFLOW}experiments/create`, { method: 'POST', headers, body })).json
    }
    expect(await send(null)).toEqual({ error_code: IPV, message: 'Bad Request. Content-Type header is missing.' })
    const other = { error_code: IPV, message: "Bad Request. Content-Type must be one of ['application/json']." }
    expect(await send('text/plain;charset=UTF-8')).toEqual(other)
    expect(await send('application/jsonp')).toEqual(other)
    expect(await dumpStore(api.store)).toEqual(before)
  })

  test('API-B a body that is not UTF-8 is no JSON', async () => {
    const body = new Uint8Array([...new TextEncoder().encode('{"name": "'), 0xff, ...new TextEncoder().encode('"}')])
    const headers = { 'Content-Type': 'application/json' }
    const { json } = await api.request(`${MLFLOW}experiments/create`, { method: 'POST', headers, body })
    expect(json).toEqual({ error_code: IPV, message: missing('name') })
  })

  test('API-B what a commit loses is an error, not an answer', async () => {
    const { RunnelError } = await import('#lib/domain/errors.ts')
    api.journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.'))
    const answer = await api.post('experiments/create', { name: 'lost' })
    expect([answer.status, answer.json]).toEqual([
      429,
      { error_code: 'RESOURCE_EXHAUSTED', message: 'The disk is full.' }
    ])
    api.journal.failWith(null)
    expect((await api.get('experiments/get-by-name', { experiment_name: 'lost' })).status).toBe(404)
  })
})

describe.each(ENGINES)('%s at the edge', (engine) => {
  test('API-B every limit itself is allowed', async () => {
    const api = await openApi(engine)
    const run = await api.createRun({ tags: [{ key: `${a(300)}#`, value: '' }] })
    const rows: [string, unknown][] = [
      ['experiments/create', { name: a(500), artifact_location: `s3://${a(2043)}` }],
      ['experiments/set-experiment-tag', { experiment_id: '0', key: a(250), value: a(20_000) }],
      ['experiments/search', { max_results: 50_000 }],
      ['runs/search', { experiment_ids: ['0'], max_results: 50_000 }],
      ['runs/log-metric', { run_id: run, ...point({ key: a(250), step: Number.MAX_SAFE_INTEGER, timestamp: 0 }) }],
      ['runs/log-metric', { run_id: run, ...point({ key: 'ä/ñ 1-2.3:4_五²', step: Number.MIN_SAFE_INTEGER }) }],
      ['runs/log-metric', { run_id: run, ...point({ key: 'newline\n' }) }],
      ['runs/log-parameter', { run_id: run, key: a(250), value: a(6000) }],
      ['runs/log-parameter', { run_id: run, key: 'nul', value: 'a\0b' }],
      ['runs/set-tag', { run_id: run, key: a(250), value: a(8000) }],
      ['runs/log-batch', { run_id: run, metrics: points(1000) }],
      ['runs/log-batch', { run_id: run, metrics: points(800), params: many(100, 'p'), tags: many(100, 't') }],
      ['runs/log-batch', { run_id: run }],
      [
        'runs/log-inputs',
        {
          run_id: run,
          datasets: [
            {
              tags: [{ key: a(255), value: a(500) }],
              dataset: {
                name: a(500),
                digest: a(36),
                source_type: a(36),
                source: a(65_535),
                schema: a(1_048_575),
                profile: a(16_777_215)
              }
            }
          ]
        }
      ],
      ['runs/log-inputs', { run_id: run, datasets: [{ dataset: { name: 'no digest' } }] }]
    ]
    for (const [path, body] of rows) {
      const answer = await api.post(path, body)
      expect([path, answer.status, pick(answer.json, 'message')]).toEqual([path, 200, undefined])
    }
    const big = { key: 'big', value: 1 }
    for (const body of [
      { ...big, step: '9223372036854775807', timestamp: '9007199254740993' },
      { ...big, step: '-9223372036854775808', timestamp: 5 }
    ])
      expect((await api.post('runs/log-metric', { run_id: run, ...body })).text).toBe('{}')
    const bare = `{"run_id":"${run}","key":"big","value":9223372036854775806,"step":9223372036854775806,"timestamp":1}`
    expect((await api.post('runs/log-metric', bare)).text).toBe('{}')
    const { text } = await api.get('metrics/get-history', { run_id: run, metric_key: 'big' })
    const of = (field: string) =>
      Array.from(text.matchAll(new RegExp(`"${field}": (-?\\d+)`, 'g')), (match) => match[1])
    expect(of('step')).toEqual(['9223372036854775806', '-9223372036854775808', '9223372036854775807'])
    expect(of('timestamp')).toEqual(['1', '5', '9007199254740993'])
    expect((await api.get('runs/get', { run_id: run })).text).toContain('"step": 9223372036854775807')
    const { json } = await api.get('metrics/get-history', { run_id: run, metric_key: a(250) })
    expect(pick(json, 'metrics', 0, 'step')).toBe(Number.MAX_SAFE_INTEGER)
    const params = pick((await api.get('runs/get', { run_id: run })).json, 'run', 'data', 'params')
    expect(params).toContainEqual({ key: 'nul', value: 'a\0b' })
  })
})
