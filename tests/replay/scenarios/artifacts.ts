import { beginning } from '../beginning.ts'
import { get, long, post, raw, scenario, type Method } from '../request.ts'

const files = '/api/2.0/mlflow-artifacts/artifacts'
const inRun = '{{exp1}}/{{run}}/artifacts'
const put = (
  name: string,
  path: string,
  body: string | Uint8Array | null,
  headers: Readonly<Record<string, string>> = {}
) => raw(`put ${name}`, 'PUT', `${files}/${path}`, { body, headers })
const fetchFile = (name: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  raw(`get ${name}`, 'GET', `${files}/${path}`, { headers })
const list = (name: string, path: string | null) => get(`list ${name}`, files, path === null ? {} : { path })
const runList = (name: string, query: Readonly<Record<string, string>>) =>
  get(`run list ${name}`, 'artifacts/list', query)
const download = (
  name: string,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {}
) => get(`get-artifact ${name}`, '/get-artifact', query, { headers })
const upload = (name: string, query: string, body: string | null) =>
  raw(`upload ${name}`, 'POST', `/ajax-api/2.0/mlflow/upload-artifact${query}`, { body })
const each = (method: Method, name: string, paths: readonly string[]) =>
  paths.map((path) => raw(`${name} ${path}`, method, `${files}/${path}`, method === 'PUT' ? { body: 'x' } : {}))

/** Ways out of the root, as they stand in a URL. */
const escapes = [
  '../x',
  'a/../../x',
  '%2e%2e/x',
  '%2E%2E%2Fx',
  '%252e%252e%252fx',
  'a/%2e%2e/%2e%2e/x',
  '/etc/passwd',
  '%2Fetc%2Fpasswd',
  'a%00b',
  'a%23b',
  'file:///etc/passwd',
  'file%3A%2F%2Fa%23%2F..%2F%2Ftmp'
]

export const artifacts = scenario(
  'artifacts',
  ...beginning('of artifacts', 'run'),
  runList('nothing yet', { run_id: '{{run}}' }),
  list('nothing yet', inRun),
  put('a text', `${inRun}/hello.txt`, 'hello\n', { 'Content-Type': 'text/plain' }),
  put('without a type', `${inRun}/dir/data.json`, '{"a": 1}'),
  put('bytes', `${inRun}/dir/deep/model.pkl`, Uint8Array.from([0, 1, 2, 253, 254, 255]), {
    'Content-Type': 'application/octet-stream'
  }),
  put('nothing', `${inRun}/empty.txt`, ''),
  put('in chunks', `${inRun}/chunked.csv`, 'a,b\n1,2\n', { 'Transfer-Encoding': 'chunked' }),
  put('over it', `${inRun}/hello.txt`, 'hello again\n'),
  put('a name with a space', `${inRun}/with%20space.txt`, 'x'),
  put('a unicode name', `${inRun}/%C3%9Cbung%20%E7%B7%B4.txt`, 'x'),
  put('a name with a percent', `${inRun}/50%25.txt`, 'x'),
  put('a name with a plus', `${inRun}/a+b.txt`, 'x'),
  put('an HTML page', `${inRun}/page.html`, '<script>1</script>'),
  put('an image', `${inRun}/plot.png`, Uint8Array.from([137, 80, 78, 71])),
  put('an SVG', `${inRun}/plot.svg`, '<svg/>'),
  put('a MLmodel', `${inRun}/model/MLmodel`, 'flavors: {}\n'),
  put('a YAML', `${inRun}/model/conda.yaml`, 'name: x\n'),
  put('a Markdown', `${inRun}/notes.md`, '# Notes\n'),
  put('a file where a folder is', `${inRun}/dir`, 'x'),
  put('a file below a file', `${inRun}/hello.txt/below`, 'x'),
  put('at a folder', `${inRun}/newdir/`, 'x'),
  list('the root', null),
  list('an empty path', ''),
  list('the run', inRun),
  list('a folder', `${inRun}/dir`),
  list('a folder with a slash', `${inRun}/dir/`),
  list('a file', `${inRun}/hello.txt`),
  list('nothing', `${inRun}/nobody`),
  list('up', `${inRun}/../..`),
  list('out', '../'),
  list('absolute', '/etc'),
  list('encoded twice', '%2e%2e'),
  runList('all', { run_id: '{{run}}' }),
  runList('by run_uuid', { run_uuid: '{{run}}' }),
  runList('a folder', { run_id: '{{run}}', path: 'dir' }),
  runList('a folder with a slash', { run_id: '{{run}}', path: 'dir/' }),
  runList('a file', { run_id: '{{run}}', path: 'hello.txt' }),
  runList('nothing', { run_id: '{{run}}', path: 'nobody' }),
  runList('up', { run_id: '{{run}}', path: '../' }),
  runList('absolute', { run_id: '{{run}}', path: '/etc' }),
  runList('no run', {}),
  runList('unknown run', { run_id: long(32, '0') }),
  fetchFile('a text', `${inRun}/hello.txt`),
  fetchFile('JSON', `${inRun}/dir/data.json`),
  fetchFile('bytes', `${inRun}/dir/deep/model.pkl`),
  fetchFile('nothing in it', `${inRun}/empty.txt`),
  fetchFile('CSV', `${inRun}/chunked.csv`),
  fetchFile('a name with a space', `${inRun}/with%20space.txt`),
  fetchFile('a unicode name', `${inRun}/%C3%9Cbung%20%E7%B7%B4.txt`),
  fetchFile('a name with a percent', `${inRun}/50%25.txt`),
  fetchFile('HTML', `${inRun}/page.html`),
  fetchFile('an image', `${inRun}/plot.png`),
  fetchFile('an SVG', `${inRun}/plot.svg`),
  fetchFile('a MLmodel', `${inRun}/model/MLmodel`),
  fetchFile('a YAML', `${inRun}/model/conda.yaml`),
  fetchFile('a Markdown', `${inRun}/notes.md`),
  fetchFile('a range', `${inRun}/hello.txt`, { Range: 'bytes=0-3' }),
  fetchFile('a folder', `${inRun}/dir`),
  fetchFile('nothing', `${inRun}/nobody.txt`),
  ...each('GET', 'get out:', escapes),
  ...each('PUT', 'put out:', escapes),
  download('a text', { run_id: '{{run}}', path: 'hello.txt' }),
  download('by run_uuid', { run_uuid: '{{run}}', path: 'dir/data.json' }),
  download('an image', { run_id: '{{run}}', path: 'plot.png' }),
  download('HTML', { run_id: '{{run}}', path: 'page.html' }),
  download('a MLmodel', { run_id: '{{run}}', path: 'model/MLmodel' }),
  download('a unicode name', { run_id: '{{run}}', path: 'Übung 練.txt' }),
  download('a range', { run_id: '{{run}}', path: 'hello.txt' }, { Range: 'bytes=6-' }),
  download('a range past the end', { run_id: '{{run}}', path: 'hello.txt' }, { Range: 'bytes=1000-' }),
  download('nothing', { run_id: '{{run}}', path: 'nobody.txt' }),
  download('a folder', { run_id: '{{run}}', path: 'dir' }),
  download('up', { run_id: '{{run}}', path: '../../x' }),
  download('up, encoded', { run_id: '{{run}}', path: '%2e%2e/x' }),
  download('absolute', { run_id: '{{run}}', path: '/etc/passwd' }),
  download('no path', { run_id: '{{run}}' }),
  download('no run', { path: 'hello.txt' }),
  download('unknown run', { run_id: long(32, '0'), path: 'hello.txt' }),
  upload('a file', '?run_uuid={{run}}&path=up/loaded.txt', 'uploaded'),
  fetchFile('what was uploaded', `${inRun}/up/loaded.txt`),
  upload('no run', '?path=x.txt', 'x'),
  upload('no path', '?run_uuid={{run}}', 'x'),
  upload('no data', '?run_uuid={{run}}&path=x.txt', null),
  upload('unknown run', `?run_uuid=${long(32, '0')}&path=x.txt`, 'x'),
  upload('up', '?run_uuid={{run}}&path=../x.txt', 'x'),
  raw('delete a file', 'DELETE', `${files}/${inRun}/hello.txt`),
  raw('delete it again', 'DELETE', `${files}/${inRun}/hello.txt`),
  raw('delete a folder', 'DELETE', `${files}/${inRun}/dir`),
  ...each('DELETE', 'delete out:', escapes.slice(0, 4)),
  runList('less', { run_id: '{{run}}' }),
  raw('multipart create', 'POST', `/api/2.0/mlflow-artifacts/mpu/create/${inRun}`, {
    headers: { 'Content-Type': 'application/json' },
    body: '{"path": "big.bin", "num_parts": 2}'
  }),
  raw('multipart create, no parts', 'POST', `/api/2.0/mlflow-artifacts/mpu/create/${inRun}`, {
    headers: { 'Content-Type': 'application/json' },
    body: '{"path": "big.bin"}'
  }),
  raw('multipart complete', 'POST', `/api/2.0/mlflow-artifacts/mpu/complete/${inRun}`, {
    headers: { 'Content-Type': 'application/json' },
    body: '{"path": "big.bin", "upload_id": "u", "parts": []}'
  }),
  raw('multipart abort', 'POST', `/api/2.0/mlflow-artifacts/mpu/abort/${inRun}`, {
    headers: { 'Content-Type': 'application/json' },
    body: '{"path": "big.bin", "upload_id": "u"}'
  }),
  raw('presigned download', 'GET', `/api/2.0/mlflow-artifacts/presigned/${inRun}/page.html`),
  post('presigned upload', 'artifacts/presigned-upload-url', { run_id: '{{run}}', path: 'x' }),
  post('presigned upload, no run', 'artifacts/presigned-upload-url', { path: 'x' }),
  post('presigned download of a run', 'artifacts/presigned-download-url', { run_id: '{{run}}', path: 'page.html' }),
  post(
    'a logged model',
    'logged-models',
    { experiment_id: '{{exp1}}', name: 'net', source_run_id: '{{run}}' },
    { keep: { model: 'model.info.model_id' } }
  ),
  put("a logged model's file", '{{exp1}}/models/{{model}}/artifacts/MLmodel', 'flavors: {}\n'),
  put("a logged model's file in a folder", '{{exp1}}/models/{{model}}/artifacts/data/weights.bin', 'x'),
  get('model directories', 'logged-models/{{model}}/artifacts/directories'),
  get('model directories, a folder', 'logged-models/{{model}}/artifacts/directories', {
    artifact_directory_path: 'data'
  }),
  get('model directories, up', 'logged-models/{{model}}/artifacts/directories', { artifact_directory_path: '../' }),
  get('model directories, unknown model', 'logged-models/m-00000000000000000000000000000000/artifacts/directories'),
  get('model file', '/ajax-api/2.0/mlflow/logged-models/{{model}}/artifacts/files', { artifact_file_path: 'MLmodel' }),
  get('model file, no path', '/ajax-api/2.0/mlflow/logged-models/{{model}}/artifacts/files'),
  get('model file, nothing', '/ajax-api/2.0/mlflow/logged-models/{{model}}/artifacts/files', {
    artifact_file_path: 'nobody'
  }),
  post('a registered model', 'registered-models/create', { name: 'with files' }),
  post('a version', 'model-versions/create', {
    name: 'with files',
    source: 'models:/{{model}}',
    model_id: '{{model}}'
  }),
  get('version file', '/model-versions/get-artifact', { name: 'with files', version: '1', path: 'MLmodel' }),
  get('version file, nothing', '/model-versions/get-artifact', { name: 'with files', version: '1', path: 'nobody' }),
  get('version file, up', '/model-versions/get-artifact', { name: 'with files', version: '1', path: '../x' }),
  get('version file, unknown version', '/model-versions/get-artifact', {
    name: 'with files',
    version: '9',
    path: 'MLmodel'
  }),
  get('version file, no version', '/model-versions/get-artifact', { name: 'with files', path: 'MLmodel' }),
  get('version file, no path', '/model-versions/get-artifact', { name: 'with files', version: '1' }),
  post('the run goes', 'runs/delete', { run_id: '{{run}}' }),
  runList('of a deleted run', { run_id: '{{run}}' }),
  put('into a deleted run', `${inRun}/late.txt`, 'x'),
  download('of a deleted run', { run_id: '{{run}}', path: 'page.html' })
)
