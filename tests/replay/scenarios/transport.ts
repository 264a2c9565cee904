import { get, post, raw, remove, scenario, type Method } from '../request.ts'

const json = { 'Content-Type': 'application/json' }
const create = (name: string, body: string | Uint8Array | null, headers: Readonly<Record<string, string>> = json) =>
  raw(name, 'POST', 'experiments/create', { headers, body })

export const transport = scenario(
  'transport',
  get('health', '/health'),
  get('version', '/version'),
  get('server info', '/api/3.0/mlflow/server-info'),
  get('server info for pages', '/ajax-api/3.0/mlflow/server-info'),
  raw('health, by POST', 'POST', '/health', { headers: json, body: '{}' }),
  create('no content type', '{"name": "x"}', {}),
  create('content type text', '{"name": "x"}', { 'Content-Type': 'text/plain' }),
  create('content type form', 'name=x', { 'Content-Type': 'application/x-www-form-urlencoded' }),
  create('content type with a charset', '{}', { 'Content-Type': 'application/json; charset=utf-8' }),
  create('content type in capitals', '{}', { 'Content-Type': 'APPLICATION/JSON' }),
  create('no body', null),
  create('not JSON', '{"name": '),
  create('JSON null', 'null'),
  create('a JSON list', '[{"name": "x"}]'),
  create('a JSON number', '5'),
  create('a JSON text in a text', JSON.stringify(JSON.stringify({}))),
  create('a JSON text that is none', '"nonsense"'),
  create('a byte order mark', '\uFEFF{}'),
  create('not UTF-8', Uint8Array.from([123, 34, 110, 97, 109, 101, 34, 58, 34, 255, 34, 125])),
  create('a field twice', '{"name": "", "name": ""}'),
  create('deep nesting', `{"name": "", "x": ${'['.repeat(200)}${']'.repeat(200)}}`),
  create('a NUL in a name', '{"name": "a\\u0000b"}'),
  create('a lone surrogate', '{"name": "a\\ud800b"}'),
  raw('GET with a JSON body', 'GET', 'experiments/get', { headers: json, body: '{"experiment_id": "0"}' }),
  raw('GET with a query and a JSON body', 'GET', 'experiments/get?experiment_id=0', {
    headers: json,
    body: '{"experiment_id": "9"}'
  }),
  raw('GET with a field twice', 'GET', 'experiments/get?experiment_id=0&experiment_id=9'),
  raw('GET with an unknown field', 'GET', 'experiments/get?experiment_id=0&colour=red'),
  raw('GET with a plus', 'GET', 'experiments/get-by-name?experiment_name=no+body'),
  raw('GET with broken percents', 'GET', 'experiments/get-by-name?experiment_name=no%zzbody'),
  raw('POST with a query', 'POST', 'experiments/delete?experiment_id=999999', { headers: json, body: '{}' }),
  remove('DELETE with a query', 'registered-models/delete?name=x', undefined),
  raw('DELETE without a content type', 'DELETE', 'registered-models/delete', { body: '{"name": "nobody"}' }),
  raw('PATCH without a content type', 'PATCH', 'registered-models/update', { body: '{"name": "nobody"}' }),
  raw('HEAD', 'HEAD', 'experiments/get?experiment_id=0'),
  raw('OPTIONS', 'OPTIONS', 'experiments/get'),
  post('the other prefix', '/ajax-api/2.0/mlflow/experiments/search', { max_results: 1, filter: "name = 'Default'" }),
  raw('two slashes', 'GET', '/api/2.0/mlflow//experiments/get?experiment_id=0'),
  raw('a slash at the end', 'GET', 'experiments/get/?experiment_id=0'),
  raw('capitals in the path', 'GET', 'Experiments/get?experiment_id=0'),
  get('another version of the API', '/api/2.1/mlflow/experiments/get', { experiment_id: '0' }),
  get('an unknown path', 'experiments/nonsense'),
  get('an unknown noun', 'nonsense/get'),
  get('an unknown prefix', '/api/2.0/nonsense'),
  get('a list that is no more', 'experiments/list'),
  ...(['GET', 'PUT', 'DELETE', 'PATCH'] as const).map((method: Method) =>
    raw(`${method} where POST belongs`, method, 'runs/create', {
      headers: json,
      ...(method === 'GET' ? {} : { body: '{}' })
    })
  ),
  raw('POST where GET belongs', 'POST', 'runs/get', { headers: json, body: '{}' }),
  raw('another site', 'POST', 'experiments/create', {
    headers: { ...json, Origin: 'https://evil.example' },
    body: '{"name": "evil"}'
  }),
  raw('an unknown host', 'GET', 'experiments/get?experiment_id=0', { headers: { Host: 'evil.example' } }),
  get('int as a text in a query', 'metrics/get-history', { run_id: 'x', metric_key: 'm', max_results: '1.5' })
)
