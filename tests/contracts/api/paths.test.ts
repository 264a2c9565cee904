/**
 * Every artifact path against every route that takes one, over a store's own root and over a folder of the host's disk: what is hostile
 * is refused, what is not is kept, and a file beside the folder is never read, listed or written. Ids: PT.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LocalFolder } from '../../../sync-server/files/local-artifacts.ts'
import { dumpStore } from '../../support/engines.ts'
import { FILES, MLFLOW, openApi, pick, type Answer, type ApiClient } from './client.ts'
import { HOSTILE } from './hostile-paths.ts'

const ACCEPTED = [
  'path',
  'path/',
  'path/to/file',
  'dog%step%100%timestamp%100',
  'dog+step+100+timestamp+100',
  'a..b',
  '...',
  '..a',
  'sp ace/ünï 文.txt',
  'loss:val',
  // No UTF-8, and so no dots: a name like any other.
  '%c0%ae%c0%ae/canary'
]

const CANARY = 'not for you'
const IPV = { error_code: 'INVALID_PARAMETER_VALUE', message: 'Invalid path' }

let base: string
let api: ApiClient

describe.each(['the store', 'a folder'] as const)('artifacts in %s', (kind) => {
  let run: string
  let model: string
  let version: string

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runnel-paths-'))
    await writeFile(join(base, 'canary'), CANARY)
    await mkdir(join(base, 'path'))
    await writeFile(join(base, 'path', 'canary'), CANARY)
    const folder = await LocalFolder.open(pathToFileURL(join(base, 'root')).href)
    api = await openApi('node:sqlite', kind === 'a folder' ? { artifactRoot: folder.uri, localArtifacts: folder } : {})
    run = await api.createRun()
    const made = await api.post('logged-models', { experiment_id: '0', name: 'm', source_run_id: run })
    model = pick(made.json, 'model', 'info', 'model_id') as string
    await api.post('registered-models/create', { name: 'reg' })
    const source = pick(made.json, 'model', 'info', 'artifact_uri') as string
    const registered = await api.post('model-versions/create', { name: 'reg', source, run_id: run, model_id: model })
    version = pick(registered.json, 'model_version', 'version') as string
    expect([model, version]).toEqual([expect.stringMatching(/^m-/), '1'])
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  /** Every route, by name, with a path put into it as it is to arrive. */
  const routes: Record<string, (path: string) => Promise<Answer>> = {
    list: (path) => api.get('artifacts/list', { run_id: run, path }),
    'list of the proxy': (path) => api.request(`${FILES}?${new URLSearchParams({ path })}`),
    'list of a model': (path) =>
      api.get(`logged-models/${model}/artifacts/directories`, { artifact_directory_path: path }),
    'get by run': (path) => api.request(`/get-artifact?${new URLSearchParams({ run_id: run, path })}`),
    'get by version': (path) =>
      api.request(`/model-versions/get-artifact?${new URLSearchParams({ name: 'reg', version, path })}`),
    'get by model': (path) =>
      api.request(
        `/ajax-api/2.0/mlflow/logged-models/${model}/artifacts/files?${new URLSearchParams({ artifact_file_path: path })}`
      ),
    upload: (path) => upload(path),
    'get of the proxy': (path) => api.request(`${FILES}/${inUrl(path)}`),
    'put of the proxy': (path) => api.request(`${FILES}/${inUrl(path)}`, { method: 'PUT', body: 'written' }),
    'delete of the proxy': (path) => api.request(`${FILES}/${inUrl(path)}`, { method: 'DELETE' }),
    presigned: (path) => api.request(`/api/2.0/mlflow-artifacts/presigned/${inUrl(path)}`),
    'upload in parts, its folder': (path) => mpu('create', path, { path: 'file', num_parts: 1 }),
    'completion, its folder': (path) =>
      mpu('complete', path, { path: 'file', upload_id: 'x', parts: [{ part_number: 1, etag: 'x' }] }),
    'abort, its folder': (path) => mpu('abort', path, { path: 'file', upload_id: 'x' })
  }
  const upload = (path: string) =>
    api.request(`/ajax-api/2.0/mlflow/upload-artifact?${new URLSearchParams({ run_uuid: run, path })}`, {
      method: 'POST',
      body: 'written'
    })
  const mpu = (verb: string, path: string, body: unknown) =>
    api.request(`/api/2.0/mlflow-artifacts/mpu/${verb}/${inUrl(path)}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
  /** Encoded, so that no URL parser folds it before it is looked at. */
  const inUrl = (path: string): string => encodeURIComponent(path).replaceAll('.', '%2E')

  async function disk(): Promise<Record<string, string>> {
    const entries = await readdir(base, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    return Object.fromEntries(files.map((file, index) => [file, texts[index]!]))
  }

  test('[PT1] every hostile path is refused by every route, and nothing is written anywhere', async () => {
    const before = [await dumpStore(api.store), await disk()]
    for (const path of HOSTILE)
      for (const [route, ask] of Object.entries(routes)) {
        const answer = await ask(path)
        // A URL parser takes a lone `..` for a step up, however it is written: then it is the path of no artifact.
        if (/^\.\.?$/.test(path) && [404, 405].includes(answer.status)) continue
        expect([route, path, answer.status, answer.json]).toEqual([route, path, 400, IPV])
      }
    expect([await dumpStore(api.store), await disk()]).toEqual(before)
    expect(await api.blobs.olderThan(Infinity)).toEqual([])
  })

  test('[PT2] no route shows the canary, however it is asked', async () => {
    for (const path of [...HOSTILE, ...ACCEPTED, 'canary', 'root', 'path/canary'])
      for (const [route, ask] of Object.entries(routes)) {
        if (route.startsWith('put') || route.startsWith('delete') || route === 'upload') continue
        const { text } = await ask(path)
        expect([route, path, text.includes(CANARY)]).toEqual([route, path, false])
        if (route.startsWith('list'))
          expect([route, path, text]).not.toEqual([route, path, expect.stringContaining('canary"')])
      }
  })

  test('[PT3] paths that only look odd are kept as they are, by upload and by proxy', async () => {
    for (const path of ACCEPTED) {
      const kept = path.replace(/\/$/, '')
      expect([path, (await upload(path)).status]).toEqual([path, 200])
      expect([path, (await routes['get by run']!(path)).text]).toEqual([path, 'written'])
      const put = await api.request(`${FILES}/other/${kept.split('/').map(encodeURIComponent).join('/')}`, {
        method: 'PUT',
        body: 'put'
      })
      expect([path, put.status]).toEqual([path, 200])
      expect((await routes['get of the proxy']!(`other/${path}`)).text).toBe('put')
      // `path` is a file now, and `path/to/file` is to be one too.
      if (kept === 'path') await clear()
    }
    const listed = pick((await routes['list']!('')).json, 'files') as { path: string }[]
    expect(listed.map((entry) => entry.path)).toEqual(
      [...new Set(ACCEPTED.slice(2).map((path) => path.split('/')[0]!))].sort()
    )
  })

  async function clear(): Promise<void> {
    for (const path of [`0/${run}/artifacts/path`, 'other/path'])
      await api.request(`${FILES}/${path}`, { method: 'DELETE' })
    await rm(join(base, 'root', '0', run, 'artifacts', 'path'), { force: true })
  }

  test('[PT4] the name a client gives an upload in parts is its last one, and may not hide another', async () => {
    for (const name of ['/home/me/weights.bin', 'C:\\Users\\me\\weights.bin', 'weights.bin', '../../weights.bin']) {
      const created = await mpu('create', 'a/b', { path: name, num_parts: 1 })
      expect([name, created.status]).toEqual([name, 200])
      const [row] = (await dumpStore(api.store))['runnel_uploads'] as string[]
      expect(row).toContain('"path":"a/b/weights.bin"')
      await mpu('abort', 'a/b', { path: name, upload_id: created.json['upload_id'] })
    }
    for (const name of ['..', '/..', 'a/', 'x%2F..%2F..%2Fcanary', '%2e%2e', 'a\0b', 'a#b', '.']) {
      const answer = await mpu('create', 'a/b', { path: name, num_parts: 1 })
      expect([name, answer.status, answer.json]).toEqual([name, 400, IPV])
    }
  })

  test('[PT5] an experiment cannot make the host read another place', async () => {
    const places = [
      `file://${base}`,
      base,
      `file://${join(base, 'root')}/../`,
      `file://${join(base, 'root')}/%2e%2e`,
      `${join(base, 'root')}/../path`,
      'file:///',
      '/etc'
    ]
    for (const [index, artifact_location] of places.entries()) {
      const created = await api.post('experiments/create', { name: `e${index}`, artifact_location })
      const id = pick(created.json, 'experiment_id')
      if (id === undefined) continue
      const other = await api.createRun({ experiment_id: id })
      for (const path of ['canary', 'path/canary', 'passwd']) {
        const query = new URLSearchParams({ run_id: other, path })
        const answers = [
          await api.request(`${MLFLOW}artifacts/list?${query}`),
          await api.request(`/get-artifact?${query}`),
          await api.request(`/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${other}&path=${path}`, {
            method: 'POST',
            body: 'x'
          })
        ]
        for (const answer of answers)
          expect([artifact_location, path, answer.status]).toEqual([artifact_location, path, 501])
      }
    }
    expect(await disk()).toEqual({ [join(base, 'canary')]: CANARY, [join(base, 'path', 'canary')]: CANARY })
  })
})
