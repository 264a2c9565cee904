import { beginning } from '../beginning.ts'
import { get, long, patch, post, remove, scenario, type Json } from '../request.ts'

type Fields = { readonly [key: string]: Json | undefined }
const create = (name: string, fields: Fields, keep: Readonly<Record<string, string>> = {}) =>
  post(`create, ${name}`, 'model-versions/create', { name: 'net', source: 's3://bucket/m', ...fields }, { keep })
const v = (version: string) => ({ name: 'net', version })

export const modelVersions = scenario(
  'model versions',
  ...beginning('of versions', 'run'),
  post(
    'a logged model',
    'logged-models',
    { experiment_id: '{{exp1}}', name: 'net', source_run_id: '{{run}}' },
    { keep: { model: 'model.info.model_id' } }
  ),
  create('no such model', {}),
  post('a model', 'registered-models/create', { name: 'net' }),
  create('plain', {}),
  get('get', 'model-versions/get', v('1')),
  create('whole', { run_id: '{{run}}', description: 'second', run_link: 'http://x', tags: [{ key: 'a', value: '1' }] }),
  get('get, whole', 'model-versions/get', v('2')),
  create('of a logged model', { source: 'models:/{{model}}', model_id: '{{model}}', run_id: '{{run}}' }),
  get('get, of a logged model', 'model-versions/get', v('3')),
  get('the logged model knows', 'logged-models/{{model}}'),
  get('where it lies', 'model-versions/get-download-uri', v('3')),
  create('of another version', { source: 'models:/net/1' }),
  get('where that lies', 'model-versions/get-download-uri', v('4')),
  create('of a version that is not there', { source: 'models:/net/99' }),
  create('of a logged model that is not there', { source: 'models:/m-00000000000000000000000000000000' }),
  create('of a run', { source: 'runs:/{{run}}/model' }),
  create('proxied artifacts', { source: 'mlflow-artifacts:/{{exp1}}/{{run}}/artifacts/model', run_id: '{{run}}' }),
  create('unknown run', { run_id: long(32, '0') }),
  create('no source', { source: undefined }),
  create('empty source', { source: '' }),
  create('no name', { name: undefined }),
  create('local source', { source: '/etc' }),
  create('local source of a run', { source: '/etc', run_id: '{{run}}' }),
  create('file source', { source: 'file:///etc/passwd' }),
  create('relative source', { source: 'model' }),
  create('source with ..', { source: 's3://bucket/a/../b' }),
  create('source with .. encoded', { source: 'mlflow-artifacts://host:9000/models/artifact/%2E%2E/%2E%2E' }),
  create('source with .. in its query', { source: 'http://host/a?x=../b' }),
  create('source with #', { source: 's3://bucket/a#b' }),
  create('http source', { source: 'https://host/model' }),
  create('bad tag', { tags: [{ key: 'a#b', value: '1' }] }),
  create('description a number', { description: 5 }),
  get('get, no version', 'model-versions/get', { name: 'net' }),
  get('get, no name', 'model-versions/get', { version: '1' }),
  get('get, version no integer', 'model-versions/get', v('abc')),
  get('get, unknown version', 'model-versions/get', v('99')),
  get('get, unknown model', 'model-versions/get', { name: 'nobody', version: '1' }),
  patch('update', 'model-versions/update', { ...v('1'), description: 'described' }),
  patch('update, no description', 'model-versions/update', v('1')),
  patch('update, version a number', 'model-versions/update', { name: 'net', version: 1, description: 'by number' }),
  patch('update, unknown version', 'model-versions/update', { ...v('99'), description: 'x' }),
  patch('update, version no integer', 'model-versions/update', { ...v('abc'), description: 'x' }),
  patch('update, no version', 'model-versions/update', { name: 'net', description: 'x' }),
  post('set tag', 'model-versions/set-tag', { ...v('1'), key: 'a', value: '1' }),
  post('set tag again', 'model-versions/set-tag', { ...v('1'), key: 'a', value: '2' }),
  post('set tag, no value', 'model-versions/set-tag', { ...v('1'), key: 'b' }),
  post('set tag, no key', 'model-versions/set-tag', { ...v('1'), value: '1' }),
  post('set tag, bad key', 'model-versions/set-tag', { ...v('1'), key: 'a#b', value: '1' }),
  post('set tag, unknown version', 'model-versions/set-tag', { ...v('99'), key: 'a', value: '1' }),
  post('set tag, version no integer', 'model-versions/set-tag', { ...v('abc'), key: 'a', value: '1' }),
  post('set tag, value of 100001 characters', 'model-versions/set-tag', {
    ...v('1'),
    key: 'long',
    value: long(100_001)
  }),
  remove('delete tag', 'model-versions/delete-tag', { ...v('1'), key: 'b' }),
  remove('delete tag, absent', 'model-versions/delete-tag', { ...v('1'), key: 'b' }),
  remove('delete tag, no key', 'model-versions/delete-tag', v('1')),
  remove('delete tag, unknown version', 'model-versions/delete-tag', { ...v('99'), key: 'b' }),
  get('get, with tags', 'model-versions/get', v('1')),
  // Stages
  post('stage', 'model-versions/transition-stage', { ...v('1'), stage: 'Staging' }),
  post('stage in small letters', 'model-versions/transition-stage', { ...v('2'), stage: 'production' }),
  post('stage, archive the others', 'model-versions/transition-stage', {
    ...v('3'),
    stage: 'Production',
    archive_existing_versions: true
  }),
  get('get, archived', 'model-versions/get', v('2')),
  post('stage, archive in a text', 'model-versions/transition-stage', {
    ...v('4'),
    stage: 'Staging',
    archive_existing_versions: 'true'
  }),
  post('stage, archive as a number', 'model-versions/transition-stage', {
    ...v('4'),
    stage: 'Staging',
    archive_existing_versions: 1
  }),
  post('stage, archive with None', 'model-versions/transition-stage', {
    ...v('1'),
    stage: 'None',
    archive_existing_versions: true
  }),
  post('stage, archive with Archived', 'model-versions/transition-stage', {
    ...v('1'),
    stage: 'Archived',
    archive_existing_versions: true
  }),
  post('stage, unknown', 'model-versions/transition-stage', { ...v('1'), stage: 'Live' }),
  post('stage, none said', 'model-versions/transition-stage', v('1')),
  post('stage, unknown version', 'model-versions/transition-stage', { ...v('99'), stage: 'Staging' }),
  get('latest versions', 'registered-models/get-latest-versions', { name: 'net' }),
  get('latest versions, of stages', 'registered-models/get-latest-versions', {
    name: 'net',
    stages: ['Staging', 'Production']
  }),
  post('latest versions, by POST', 'registered-models/get-latest-versions', { name: 'net', stages: ['Archived'] }),
  post('latest versions, stage in small letters', 'registered-models/get-latest-versions', {
    name: 'net',
    stages: ['production']
  }),
  get('latest versions, unknown stage', 'registered-models/get-latest-versions', { name: 'net', stages: 'Live' }),
  get('the model, with versions', 'registered-models/get', { name: 'net' }),
  // Aliases
  post('alias', 'registered-models/alias', { ...v('1'), alias: 'champion' }),
  post('alias, moved', 'registered-models/alias', { ...v('2'), alias: 'champion' }),
  post('alias, a second', 'registered-models/alias', { ...v('2'), alias: 'Second-one_2' }),
  post('alias, unknown version', 'registered-models/alias', { ...v('99'), alias: 'x' }),
  post('alias, unknown model', 'registered-models/alias', { name: 'nobody', version: '1', alias: 'x' }),
  post('alias, version no integer', 'registered-models/alias', { ...v('abc'), alias: 'x' }),
  post('alias, latest', 'registered-models/alias', { ...v('1'), alias: 'Latest' }),
  post('alias, v1', 'registered-models/alias', { ...v('1'), alias: 'V1' }),
  post('alias, with a space', 'registered-models/alias', { ...v('1'), alias: 'a b' }),
  post('alias, of 255 characters', 'registered-models/alias', { ...v('1'), alias: long(255) }),
  post('alias, of 256 characters', 'registered-models/alias', { ...v('1'), alias: long(256) }),
  post('alias, empty', 'registered-models/alias', { ...v('1'), alias: '' }),
  post('alias, none said', 'registered-models/alias', v('1')),
  get('alias, get', 'registered-models/alias', { name: 'net', alias: 'champion' }),
  get('alias, get in other letters', 'registered-models/alias', { name: 'net', alias: 'CHAMPION' }),
  get('alias, get unknown', 'registered-models/alias', { name: 'net', alias: 'nobody' }),
  get('alias, get latest', 'registered-models/alias', { name: 'net', alias: 'latest' }),
  get('alias, get of an unknown model', 'registered-models/alias', { name: 'nobody', alias: 'champion' }),
  get('alias, get none said', 'registered-models/alias', { name: 'net' }),
  get('get, with aliases', 'model-versions/get', v('2')),
  get('the model, with aliases', 'registered-models/get', { name: 'net' }),
  remove('alias, deleted', 'registered-models/alias', { name: 'net', alias: 'Second-one_2' }),
  remove('alias, deleted again', 'registered-models/alias', { name: 'net', alias: 'Second-one_2' }),
  remove('alias, deleted of an unknown model', 'registered-models/alias', { name: 'nobody', alias: 'x' }),
  remove('alias, deleted none said', 'registered-models/alias', { name: 'net' }),
  get('where it lies, unknown version', 'model-versions/get-download-uri', v('99')),
  get('where it lies, no version', 'model-versions/get-download-uri', { name: 'net' }),
  // Deletion
  remove('delete', 'model-versions/delete', v('2')),
  get('get, deleted', 'model-versions/get', v('2')),
  get('alias of a deleted version', 'registered-models/alias', { name: 'net', alias: 'champion' }),
  remove('delete again', 'model-versions/delete', v('2')),
  remove('delete, unknown', 'model-versions/delete', v('99')),
  remove('delete, no version', 'model-versions/delete', { name: 'net' }),
  post('set tag, deleted', 'model-versions/set-tag', { ...v('2'), key: 'a', value: '1' }),
  post('stage, deleted', 'model-versions/transition-stage', { ...v('2'), stage: 'Staging' }),
  create('after a deletion', {}),
  post('rename the model', 'registered-models/rename', { name: 'net', new_name: 'net two' }),
  get('get, by the new name', 'model-versions/get', { name: 'net two', version: '1' }),
  get('search, by the new name', 'model-versions/search', { filter: "name = 'net two'" }),
  remove('delete the model', 'registered-models/delete', { name: 'net two' }),
  get('get, of a deleted model', 'model-versions/get', { name: 'net two', version: '1' })
)
