/** Artifacts through a socket: streamed both ways, and nothing left of what broke off. Ids: AS. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { request, type ClientRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApi } from '#lib/api/app.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { systemClock } from '#lib/domain/time.ts'
import { LiveHost } from '#lib/live/host.ts'
import { createRun } from '#lib/store/runs.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'
import { listen, type Listening } from '../../sync-server/listen.ts'
import { LocalFolder } from '../../sync-server/files/local-artifacts.ts'
import { openNodeStore, type NodeStore } from '../../sync-server/store/open-store.ts'
import { startNodeHost } from '../support/node-host.ts'
import { uploadInParts } from '../../bench/support/artifact-parts.ts'

const MOST_BYTES = 40_000_000

let folder: string
let opened: NodeStore
let listening: Listening
let origin: string
let reported: unknown[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-stream-'))
  const local = await LocalFolder.open(join(folder, 'local'))
  opened = await openNodeStore({
    databaseFile: join(folder, 'runnel.db'),
    blobs: await FolderBlobs.open(join(folder, 'blobs'), systemClock, { maxBytes: MOST_BYTES }),
    localArtifacts: local,
    artifactRoot: local.uri,
    onFailure: (error) => {
      throw error
    }
  })
  reported = []
  const api = createApi(opened.store, { version: '0', report: (error) => reported.push(error) })
  listening = await listen((asked) => api.fetch(asked), { host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${listening.port}`
})
afterEach(async () => {
  await listening.close()
  await opened.close()
  await rm(folder, { recursive: true, force: true })
})

const url = (path: string): string => `${origin}/api/2.0/mlflow-artifacts/artifacts/${path}`
const incoming = (): Promise<string[]> => readdir(join(folder, 'blobs', 'incoming'))
const kept = (): Promise<string[]> => opened.store.blobs.olderThan(Infinity)

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200 && !(await isTrue()); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await isTrue()).toBe(true)
}

/** A PUT whose body is written by hand. */
function openPut(path: string, headers: Record<string, string> = {}): ClientRequest {
  const put = request(url(path), { method: 'PUT', headers })
  put.on('error', () => undefined)
  return put
}

test('[AS1] goes in as it comes and comes back the same, whole, from the middle and as a HEAD', async () => {
  const bytes = randomBytes(30_000_000)
  const pieces = Array.from({ length: 30 }, (_, i) => bytes.subarray(i * 1_000_000, (i + 1) * 1_000_000))
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift()
      if (piece) controller.enqueue(new Uint8Array(piece))
      else controller.close()
    }
  })
  const put = await fetch(url('0/r/big.bin'), { method: 'PUT', body, duplex: 'half' } as RequestInit)
  expect(put.status).toBe(200)
  const got = await fetch(url('0/r/big.bin'))
  expect(got.headers.get('content-length')).toBe('30000000')
  expect(got.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`)
  expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
  const part = await fetch(url('0/r/big.bin'), { headers: { Range: 'bytes=10000000-20000000' } })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10000000-20000000/30000000'])
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10_000_000, 20_000_001))).toBe(true)
  const head = await fetch(url('0/r/big.bin'), { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '30000000', ''])
})

test.each([{}, { 'Content-Length': '30000000' }])(
  '[AS2] a client that hangs up in the middle leaves nothing: %j',
  async (headers) => {
    const put = openPut('0/r/half.bin', headers)
    put.write(randomBytes(5_000_000))
    await until(async () => (await incoming().catch(() => [])).length === 1)
    put.destroy()
    await until(async () => (await incoming()).length === 0)
    expect(await kept()).toEqual([])
    expect((await fetch(url('0/r/half.bin'))).status).toBe(404)
    expect(reported).toEqual([])
  }
)

test('[AS3] past the limit, said or not, leaves nothing', async () => {
  const said = await fetch(url('0/r/x'), { method: 'PUT', body: Buffer.alloc(MOST_BYTES + 1) })
  expect([said.status, await said.json()]).toMatchObject([400, { error_code: 'INVALID_PARAMETER_VALUE' }])
  const put = openPut('0/r/x')
  const status = new Promise((resolve) => put.on('response', (answer) => resolve(answer.resume().statusCode)))
  for (let i = 0; i < 45; i++) put.write(Buffer.alloc(1_000_000))
  expect(await status).toBe(400)
  put.destroy()
  await until(async () => (await incoming()).length === 0)
  expect(await kept()).toEqual([])
})

test.skipIf(process.platform !== 'linux')('[AS4] a reader that goes away lets go of the file', async () => {
  await fetch(url('0/r/big.bin'), { method: 'PUT', body: randomBytes(30_000_000) })
  const handles = async (): Promise<number> => (await readdir('/proc/self/fd')).length
  const before = await handles()
  for (let i = 0; i < 10; i++) {
    const got = await fetch(url('0/r/big.bin'))
    const reader = got.body!.getReader()
    await reader.read()
    await reader.cancel()
    await fetch(url('0/r/big.bin'), { method: 'HEAD' })
  }
  await until(async () => (await handles()) <= before + 5)
})

test('[AS5] parts are joined through the socket', async () => {
  const parts = [randomBytes(5_000_000), randomBytes(5_000_000), randomBytes(17)]
  await uploadInParts(
    origin,
    '0/r',
    'joined.bin',
    parts.map((part) => new Blob([new Uint8Array(part)]))
  )
  const got = Buffer.from(await (await fetch(url('0/r/joined.bin'))).arrayBuffer())
  expect(got.equals(Buffer.concat(parts))).toBe(true)
})

test('[AS6] what a client wrote to the folder itself is listed and served', async () => {
  const post = async (operation: string, body: unknown) => {
    const answer = await fetch(`${origin}/api/2.0/mlflow/${operation}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
    return (await answer.json()) as { run: { info: { run_id: string; artifact_uri: string } } }
  }
  const { info } = (await post('runs/create', { experiment_id: '0' })).run
  expect(info.artifact_uri).toBe(join(folder, 'local', '0', info.run_id, 'artifacts'))
  await mkdir(join(info.artifact_uri, 'plots'), { recursive: true })
  await writeFile(join(info.artifact_uri, 'plots', 'a.json'), '{"a": 1}')
  const list = await fetch(`${origin}/api/2.0/mlflow/artifacts/list?run_id=${info.run_id}&path=plots`)
  expect(await list.json()).toEqual({
    root_uri: info.artifact_uri,
    files: [{ path: 'plots/a.json', is_dir: false, file_size: 8 }]
  })
  const file = await fetch(`${origin}/get-artifact?run_id=${info.run_id}&path=plots/a.json`, {
    headers: { Range: 'bytes=1-3' }
  })
  expect([file.status, file.headers.get('content-type'), await file.text()]).toEqual([206, 'application/json', '"a"'])
})

test('[AS8] a page that lists a folder hears of a file the host put there, and reads nothing under the lock of the store', async () => {
  const { runId } = await opened.store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
  const host = new LiveHost({
    store: opened.store,
    info: { epoch: 'e1', version: '1' },
    ownOrigin: null,
    attachNotebook: () => Promise.reject(new Error('No notebook comes.')),
    sizes: () => ({ databaseBytes: 0, logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve()
  })
  let seen: unknown
  const session = await host.door.open('tab', '', (event) => {
    for (const answer of event.t === 'answers' ? event.answers : []) if ('value' in answer) seen = answer.value
  })
  const local = opened.store.localArtifacts!
  const list = vi.spyOn(local, 'list').mockImplementationOnce(async () => {
    await opened.store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    return []
  })
  await session.watch([{ watch: 1, ask: 1, query: { kind: 'artifacts', runId, path: '' } }])
  await vi.waitFor(() => expect(seen).toEqual([]))
  await fetch(`${origin}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=a.txt`, {
    method: 'POST',
    body: 'a'
  })
  await vi.waitFor(() => expect(seen).toEqual([{ path: 'a.txt', isDir: false, size: 1 }]))
  list.mockRestore()
  await session.close()
})

test('[AS7] a host that wants a token takes the parts of an upload by the upload’s id, and nothing else without one', async () => {
  const host = await startNodeHost(['--token', 'secret'])
  try {
    const mpu = `${host.address}/api/2.0/mlflow-artifacts/mpu`
    const post = (verb: string, body: unknown, headers = {}) =>
      fetch(`${mpu}/${verb}/0/r`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body)
      })
    const token = { Authorization: 'Bearer secret' }
    expect((await post('create', { path: 'x.bin', num_parts: 1 })).status).toBe(401)
    const created = (await (await post('create', { path: 'x.bin', num_parts: 1 }, token)).json()) as {
      readonly upload_id: string
      readonly credentials: readonly [{ readonly url: string }]
    }
    const [{ url: partUrl }] = created.credentials
    const statusOf = async (target: string, method: string): Promise<number> =>
      (await fetch(target, { method, ...(method !== 'GET' && { body: 'part' }) })).status
    expect(new URL(partUrl).origin).toBe(host.address)
    expect(await statusOf(partUrl, 'GET')).toBe(401)
    expect(await statusOf(partUrl, 'DELETE')).toBe(401)
    expect(await statusOf(`${partUrl}/x`, 'PUT')).toBe(401)
    expect(await statusOf(partUrl.replace(created.upload_id, '0'.repeat(64)), 'PUT')).toBe(404)
    const sent = await fetch(partUrl, { method: 'PUT', body: 'part' })
    expect(sent.status).toBe(200)
    const completion = {
      path: 'x.bin',
      upload_id: created.upload_id,
      parts: [{ part_number: 1, etag: sent.headers.get('etag') }]
    }
    expect((await post('complete', completion)).status).toBe(401)
    expect((await post('complete', completion, token)).status).toBe(200)
  } finally {
    await host.end()
  }
})
