/** A host that speaks HTTPS itself. The certificate is of these tests alone, for localhost. */
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { runProgram } from '../../sync-server/cli/program.ts'
import { PROTOCOL } from '#lib/socket/agreement.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const file = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url))
const flags = ['--tls-cert', file('cert'), '--tls-key', file('key')]
let ca: string

beforeAll(async () => {
  ca = await readFile(file('cert'), 'utf8')
})

let host: NodeHost | null = null
afterEach(async () => {
  await host?.end()
  host = null
})

const get = (url: string, options: RequestOptions = {}): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    request(url, { ca, ...options }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })

it('[TL1] answers over https, and over nothing else', async () => {
  host = await startNodeHost([...flags, '--token', 'secret'])
  expect(host.address).toBe(`https://127.0.0.1:${host.port}`)
  expect((await get(host.address)).body).toContain('here')
  const search = `${host.address}/api/2.0/mlflow/experiments/search?max_results=1`
  expect((await get(search)).status).toBe(401)
  const found = await get(search, { headers: { Authorization: 'Bearer secret' } })
  expect([found.status, JSON.parse(found.body)]).toMatchObject([200, { experiments: [{ name: 'Default' }] }])
  await expect(fetch(host.address.replace('https', 'http'))).rejects.toThrow()
})

it('[TL2] pages of its own origin, under https, may open sockets', async () => {
  host = await startNodeHost(flags)
  const socketOf = (origin: string) =>
    new WebSocket(`wss://127.0.0.1:${host!.port}/runnel/live`, [PROTOCOL], { ca, headers: { Origin: origin } })
  const own = socketOf(host.address)
  await once(own, 'open')
  own.close()
  const [refused] = (await once(socketOf('https://elsewhere.example'), 'error')) as [Error]
  expect(refused.message).toContain('403')
})

it('[TL3] says what is the matter with its files, and keeps nothing open', async () => {
  host = await startNodeHost()
  const bad = join(host.folder, 'bad.pem')
  await writeFile(bad, 'no certificate')
  const said = async (...words: string[]): Promise<[number, string]> => {
    let text = ''
    const code = await runProgram(['server', '--port', '0', '--data', join(host!.folder, 'other'), ...words], {
      env: { RUNNEL_OUT: host!.folder },
      cwd: host!.folder,
      out: (line) => (text += line),
      err: (line) => (text += line),
      columns: null,
      isWatched: false
    })
    return [code, text]
  }
  expect(await said('--tls-cert', bad)).toEqual([
    2,
    expect.stringContaining('HTTPS takes both: --tls-cert with the certificate, and --tls-key with its key.')
  ])
  expect(await said('--tls-cert', 'none.pem', '--tls-key', bad)).toEqual([
    1,
    expect.stringMatching(/none\.pem could not be read, which HTTPS needs/)
  ])
  // The lock of the data folder is free again each time, or the second would be told of it.
  for (let i = 0; i < 2; i++)
    expect(await said('--tls-cert', bad, '--tls-key', bad)).toEqual([
      1,
      expect.stringContaining('are no certificate and its key')
    ])
  await rm(bad)
})
