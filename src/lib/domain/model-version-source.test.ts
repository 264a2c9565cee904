import { describe, expect, it } from 'vitest'
import {
  parseModelUri,
  parseSourceUri,
  refuseForeignHost,
  validateSource,
  type SourceOwner
} from './model-version-source.ts'

const owner = (artifactUri: string | null, id = 'r1'): SourceOwner => ({ parameter: 'run_id', id, artifactUri })
const PROXIED = owner('mlflow-artifacts:/0/r1/artifacts')
const ON_DISK = owner('file:///data/my%20runs/0/r1/artifacts')
const check = (source: string, of: SourceOwner) => () => validateSource(parseSourceUri(source), of)

const LOCAL = /To use a local path as a model version source, the run_id request parameter has to be specified/
const RELATIVE = /an absolute path must be provided without relative path references present/
const OWNED = /The run_id request parameter must identify the resource that contains the source\.$/

describe('a path', () => {
  it.each([
    'file:///data/my%20runs/0/r1/artifacts',
    'file:///data/my%20runs/0/r1/artifacts/model',
    'file://localhost/data/my%20runs/0/r1/artifacts/model/',
    'file:/data/my%20runs//0/r1/./artifacts/model',
    '/data/my runs/0/r1/artifacts/model'
  ])('%s lies in the folder of its run', (source) => {
    expect(check(source, ON_DISK)).not.toThrow()
  })

  it.each([
    '/etc',
    'etc',
    '.',
    './model',
    '../artifacts',
    'file:etc',
    'file:///etc/passwd',
    'file://host/data/my%20runs/0/r1/artifacts',
    'file:///data/my%20runs/0/r1',
    'file:///data/my%20runs/0/r1/artifacts2',
    'file:///data/my%20runs/0/r1/artifacts/../../r2/artifacts',
    'file:///data/my%20runs/0/r1/artifacts/%2e%2e/x',
    'file:///data/my%20runs/0/r1/artifacts/..%2f..%2fx',
    'file:///data/my%20runs/0/r1/artifacts/%252e%252e/x',
    'file:///data/my%20runs/0/r1/artifacts/%00',
    'C:\\data',
    'C:/data',
    '\\\\server\\share',
    '://',
    'databricks'
  ])('%j does not', (source) => {
    expect(check(source, ON_DISK)).toThrow(LOCAL)
  })

  it('is nobody’s without a run, or when the run’s files are elsewhere', () => {
    expect(check('/data/x', owner(null))).toThrow(LOCAL)
    expect(check('/0/r1/artifacts/model', PROXIED)).toThrow(LOCAL)
    expect(check('/data/x', owner('file:///'))).toThrow(LOCAL)
  })
})

describe('files of this store', () => {
  it.each([
    'mlflow-artifacts:/0/r1/artifacts',
    'mlflow-artifacts:/0/r1/artifacts/model',
    'MLFLOW-ARTIFACTS:/0/r1/artifacts/'
  ])('%s is of the run', (source) => {
    expect(check(source, PROXIED)).not.toThrow()
  })

  it.each([
    'mlflow-artifacts:/0/r2/artifacts/model',
    'mlflow-artifacts:/0/r1/artifacts2',
    'mlflow-artifacts:/0/r1',
    'mlflow-artifacts:/x'
  ])('%s is not', (source) => {
    expect(check(source, PROXIED)).toThrow(OWNED)
    expect(check(source, owner(null))).toThrow(OWNED)
  })

  it.each([
    ['runs:/r1/model', true],
    ['runs:/r1', true],
    ['runs:/r2/model', false],
    ['runs://h/r1', false],
    ['models:/r1', false]
  ])('%s names the run: %s', (source, names) => {
    const checked = expect(check(source, PROXIED))
    if (names) checked.not.toThrow()
    else checked.toThrow(OWNED)
  })
})

describe('anything else', () => {
  it.each([
    's3://bucket/a',
    's3://b//a',
    's3://b/a/',
    's3:/b',
    'gs://b/...',
    's3://b/a b',
    's3://b/é',
    'dbfs:/x',
    'uc:/x',
    's3://b/a?x=../y'
  ])('%s may be a source of nobody’s', (source) => {
    expect(check(source, owner(null, ''))).not.toThrow()
  })

  it.each([
    's3://b',
    's3:b',
    's3://',
    'foo:bar',
    's3a://b/../../x',
    's3://b/./a',
    's3://b/a/..',
    's3://b/%2e%2e/x',
    's3://b/%252e%252e/x',
    's3://b/..%2f..%2f',
    's3://b/a%3f/../b',
    's3://b/a%00b',
    's3://b/%ff/..',
    's3://b/a\nb',
    'dbfs:/a/../b',
    'mlflow-artifacts:/../x',
    'runs:/../x',
    'runs:',
    `s3://b/${'%25'.repeat(1)}${'25'.repeat(20)}2e`
  ])('%j is no address', (source) => {
    expect(check(source, PROXIED)).toThrow(RELATIVE)
  })

  it.each([
    'http://h/x',
    'HTTPS://h/x',
    'ftp://h/x',
    'sftp://h/x',
    'hdfs:///x',
    'r2://b@a/p',
    'mlflow-artifacts://h:1/x'
  ])('%s would send the server to a host', (source) => {
    expect(() => refuseForeignHost(parseSourceUri(source))).toThrow(/^'source' cannot use the '[a-z0-9-]+' scheme/)
  })

  it.each(['mlflow-artifacts:/x', 's3://b/x', 'wasbs://x/y', '/x'])('%s would not', (source) => {
    expect(() => refuseForeignHost(parseSourceUri(source))).not.toThrow()
  })
})

describe('models:', () => {
  it.each([
    ['models:/m-1', { kind: 'logged-model', modelId: 'm-1' }],
    ['models:/wine/3', { kind: 'version', name: 'wine', version: '3' }],
    ['MODELS:/wine/3?x=1', { kind: 'version', name: 'wine', version: '3' }],
    ['models:/wine@champ', { kind: 'alias', name: 'wine', alias: 'champ' }],
    ['models:/wine/Latest', { kind: 'latest', name: 'wine', stage: null }],
    ['models:/wine/Staging', { kind: 'latest', name: 'wine', stage: 'Staging' }],
    ['models:/a#b/1', { kind: 'version', name: 'a#b', version: '1' }]
  ])('%s', (text, uri) => {
    expect(parseModelUri(parseSourceUri(text))).toEqual(uri)
  })

  it.each([
    'models:',
    'models:/',
    'models:///',
    'models:/a/b/c',
    'models:/a/',
    'models:/ /1',
    'models:a/1',
    'models:/a@'
  ])('%j stands for nothing', (text) => {
    expect(() => parseModelUri(parseSourceUri(text))).toThrow('must identify the resource')
  })
})
