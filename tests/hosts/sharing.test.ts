import { request } from 'node:http'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Json } from '#lib/domain/json.ts'
import { HOST } from '#lib/domain/limits.ts'
import { encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import { ROOMS_PATH, ROOTS, SHARES_PATH, SPACE_PATH, TOKEN_PATH, type TokenAnswer } from '#lib/sync/agreement.ts'
import { CLOSE, PROTOCOL, protocolsFor } from '#lib/socket/agreement.ts'
import { startNodeHost } from '../support/node-host.ts'
import { HOST_TOKEN, startSharedHost, type Ask, type SharedHost } from '../support/shared-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const start = async (...flags: string[]): Promise<SharedHost> => {
  const started = await startSharedHost(flags.length === 0 ? undefined : flags)
  ends.push(started.host.end)
  return started
}

const API = '/api/2.0/mlflow'
const FILES = '/api/2.0/mlflow-artifacts'

describe('a link', () => {
  it('[SD1] lets somebody into one experiment, as what its owner said', async () => {
    const { ask, share, shared, tokenBy } = await start()
    const { capability } = await share({ role: 'viewer', name: 'the team' })
    expect(capability).toMatch(new RegExp(`^${shared.experimentId}\\.viewer\\.[\\w-]{22}$`))
    const answer = await tokenBy(capability, { name: ' Ann\u202e\n ', client: 'b' })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const given = (await answer.json()) as TokenAnswer
    expect(given).toMatchObject({ role: 'viewer', rooms: [`x.${shared.experimentId}`, `n.${shared.experimentId}`] })
    expect(Math.abs(given.server_time - Date.now())).toBeLessThan(5000)
    const space = await ask(given.token, SPACE_PATH)
    expect(await space.json()).toMatchObject({
      id: given.space,
      role: 'viewer',
      experiments: [{ experiment_id: shared.experimentId, name: 'shared', lifecycle_stage: 'active' }]
    })
    const { shares } = (await (await ask(HOST_TOKEN, SHARES_PATH)).json()) as { shares: object[] }
    expect(shares).toMatchObject([{ name: 'the team', role: 'viewer', uses: 2 }])
  })

  it('[SD2] that lets nobody in is answered alike, whatever is the matter with it', async () => {
    const { ask, share, tokenBy } = await start()
    const revoked = await share()
    await ask(HOST_TOKEN, `${SHARES_PATH}/${revoked.id}`, { method: 'DELETE' })
    const usedUp = await share({ max_uses: 1 })
    const expiring = await share({ expires_at: Date.now() + 400 })
    await expect.poll(async () => (await tokenBy(expiring.capability)).status).toBe(401)
    const answers = await Promise.all(
      ['1.editor.AbCdEfGhIjKlMnOpQrStU_', 'x', revoked.capability, usedUp.capability, expiring.capability].map(
        async (capability) => {
          const answer = await tokenBy(capability, { client: 'somebody else' })
          const { date: _, ...headers } = Object.fromEntries(answer.headers)
          return JSON.stringify([answer.status, headers, await answer.text()])
        }
      )
    )
    expect(answers[0]).toMatch(/^\[401,/)
    expect(new Set(answers).size).toBe(1)
    expect((await tokenBy(usedUp.capability, { client: 'a' })).status).toBe(200)
  })

  it('[SD3] is not looked for fast: too many wrong secrets, and the wrong ones wait', async () => {
    const { ask, share, tokenBy } = await start()
    const { capability, token } = await share()
    const wrong = capability.replace(/.{4}$/, 'AAAA')
    const statuses: number[] = []
    for (let count = 0; count < 15; count++) statuses.push((await tokenBy(wrong)).status)
    for (let count = 0; count < 10; count++) statuses.push((await ask(wrong, SPACE_PATH)).status)
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
    expect(statuses.at(-1)).toBe(429)
    const refused = await tokenBy(wrong)
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    // Neighbours behind the same address come with links of their own.
    expect((await tokenBy(capability)).status).toBe(200)
    expect((await ask(capability, SPACE_PATH)).status).toBe(200)
    expect((await ask(HOST_TOKEN, TOKEN_PATH, { body: {} })).status).toBe(200)
    // What was right makes nothing wrong cheaper.
    expect((await tokenBy(wrong)).status).toBe(429)
    expect((await ask(wrong, SPACE_PATH)).status).toBe(429)
    expect((await ask(token, SPACE_PATH)).status).toBe(200)
    expect((await ask(HOST_TOKEN, SHARES_PATH)).status).toBe(200)
  })

  it('[SD24] of an owner is not guessed fast through any door, and lets its owner in meanwhile', async () => {
    const { ask, host } = await start()
    const search = `${API}/experiments/search?max_results=1`
    const guess = (count: number): Promise<number> => {
      const shown = `${HOST_TOKEN.slice(0, -3)}${String(count).padStart(3, '0')}`
      if (count % 3 === 0) return ask(shown, TOKEN_PATH, { body: {} }).then(({ status }) => status)
      if (count % 3 === 1) return ask(shown, search).then(({ status }) => status)
      const socket = new WebSocket(`${host.address.replace('http', 'ws')}/runnel/live`, protocolsFor(shown))
      return new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    }
    const began = performance.now()
    const guesses = Promise.all(Array.from({ length: 30 }, (_, count) => guess(count)))
    const owner = await Promise.all([ask(HOST_TOKEN, TOKEN_PATH, { body: {} }), ask(HOST_TOKEN, search)])
    expect(owner.map(({ status }) => status)).toEqual([200, 200])
    expect(new Set(await guesses)).toEqual(new Set([401, CLOSE.token]))
    expect(performance.now() - began).toBeGreaterThan(29 * HOST.wrongTokenPauseMs)
    // One who never learned of another token is no guesser.
    const before = performance.now()
    for (let count = 0; count < 10; count++) expect(await guess(1)).toBe(401)
    expect(performance.now() - before).toBeLessThan(9 * HOST.wrongTokenPauseMs)
  })

  it('[SD4] is made, seen, changed and taken back by owners alone', async () => {
    const { ask, share } = await start()
    const { id, token, capability } = await share()
    const tries: [string, Ask][] = [
      [SHARES_PATH, {}],
      [SHARES_PATH, { body: { rooms: ['*'], role: 'editor' } }],
      [`${SHARES_PATH}/${id}`, { method: 'PATCH', body: { role: 'editor' } }],
      [`${SHARES_PATH}/${id}`, { method: 'DELETE' }]
    ]
    for (const [path, init] of tries) {
      for (const shown of [token, capability]) expect((await ask(shown, path, init)).status).toBe(403)
      expect((await ask(null, path, init)).status).toBe(401)
    }
    const owner = (await (await ask(HOST_TOKEN, TOKEN_PATH, { body: { name: 'me' } })).json()) as TokenAnswer
    expect(owner).toMatchObject({ role: 'owner', rooms: ['*'] })
    for (const [path, init] of tries) expect((await ask(owner.token, path, init)).status).toBe(200)
    expect((await ask(null, TOKEN_PATH, { body: {} })).status).toBe(401)
    expect((await ask('wrong', TOKEN_PATH, { body: {} })).status).toBe(401)
    expect((await ask(token, TOKEN_PATH, { body: {} })).status).toBe(401)
    expect((await ask(HOST_TOKEN, `${SHARES_PATH}/nothing`, { method: 'DELETE' })).status).toBe(404)
  })

  it('[SD5] that asks for what cannot be is refused', async () => {
    const { ask } = await start()
    const wrong = [
      { role: 'owner', rooms: ['x.1'] },
      { role: 'editor', rooms: [] },
      { role: 'editor', rooms: ['x.1', '*'] },
      { role: 'editor', rooms: ['y.1'] },
      { role: 'editor', rooms: ['x.1'], expires_at: 1 },
      { role: 'editor', rooms: ['x.1'], max_uses: 0 },
      { role: 'editor', rooms: Array.from({ length: 17 }, (_, i) => `x.${i}`) },
      { role: 'editor' },
      'no json'
    ]
    for (const body of wrong) expect([body, (await ask(HOST_TOKEN, SHARES_PATH, { body })).status]).toEqual([body, 400])
    const long = await ask(HOST_TOKEN, TOKEN_PATH, { body: { name: 'x'.repeat(100_000) } })
    expect(long.status).toBe(400)
  })
})

describe('taking it back', () => {
  it('[SD6] ends its tokens on every door at once, by whichever way they are shown', async () => {
    const { ask, share, shared } = await start()
    const { id, token, capability } = await share()
    const run = `${API}/runs/get?run_id=${shared.runId}`
    const basic = { Authorization: `Basic ${Buffer.from(`me:${token}`).toString('base64')}` }
    const all = async () => [
      (await ask(token, run)).status,
      (await ask(capability, run)).status,
      (await ask(null, run, { headers: basic })).status,
      (await ask(token, SPACE_PATH)).status,
      (await ask(token, `/sync/blobs/${'0'.repeat(64)}`)).status
    ]
    expect(await all()).toEqual([200, 200, 200, 200, 404])
    await ask(HOST_TOKEN, `${SHARES_PATH}/${id}`, { method: 'DELETE' })
    expect(await all()).toEqual([401, 401, 401, 401, 401])
  })

  it('[SD7] in part: an editor who is a viewer now writes no more', async () => {
    const { ask, share, shared, tokenBy } = await start()
    const { id, token, capability } = await share()
    const log = (shown: string) =>
      ask(shown, `${API}/runs/set-tag`, { body: { run_id: shared.runId, key: 'k', value: 'v' } })
    expect((await log(token)).status).toBe(200)
    await ask(HOST_TOKEN, `${SHARES_PATH}/${id}`, { method: 'PATCH', body: { role: 'viewer' } })
    expect((await log(token)).status).toBe(401)
    const viewer = (await (await tokenBy(capability, { client: 'a' })).json()) as TokenAnswer
    expect([viewer.role, (await log(viewer.token)).status, (await log(capability)).status]).toEqual([
      'viewer',
      403,
      403
    ])
  })

  it('[SD8] holds for the next host on the folder', async () => {
    const { host, ask, share } = await start()
    const [kept, revoked] = [await share(), await share()]
    await ask(HOST_TOKEN, `${SHARES_PATH}/${revoked.id}`, { method: 'DELETE' })
    await host.close()
    const next = await startNodeHost(['--token', HOST_TOKEN, '--data', join(host.folder, 'runnel-data')])
    ends.push(next.end)
    const status = async (token: string): Promise<number> =>
      (await fetch(next.address + SPACE_PATH, { headers: { Authorization: `Bearer ${token}` } })).status
    expect([await status(kept.token), await status(revoked.token)]).toEqual([200, 401])
  })
})

describe('MLflow’s API with what a share gave', () => {
  it('[SD9] reads its experiment, and nothing of another', async () => {
    const { ask, share, shared, other } = await start()
    const { token } = await share({ role: 'viewer' })
    const reads = ({ experimentId, runId, name, artifacts }: typeof shared): [string, Ask][] => [
      [`${API}/experiments/get?experiment_id=${experimentId}`, {}],
      [`${API}/experiments/get-by-name?experiment_name=${name}`, {}],
      [`${API}/runs/get?run_id=${runId}`, {}],
      [`/ajax-api/2.0/mlflow/runs/get?run_uuid=${runId}`, {}],
      [`${API}/runs/search`, { body: { experiment_ids: [experimentId] } }],
      [`${API}/metrics/get-history?run_id=${runId}&metric_key=m`, {}],
      [`/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${runId}&metric_key=m`, {}],
      [`${API}/metrics/get-history-bulk-interval?run_ids=${runId}&metric_key=m`, {}],
      [`${API}/logged-models/search`, { body: { experiment_ids: [experimentId] } }],
      ['/ajax-api/2.0/mlflow/experiments/search-datasets', { body: { experiment_ids: [experimentId] } }],
      [`${API}/artifacts/list?run_id=${runId}`, {}],
      [`/get-artifact?run_id=${runId}&path=note.txt`, {}],
      [`${FILES}/artifacts?path=${artifacts}`, {}],
      [`${FILES}/artifacts/${artifacts}/note.txt`, {}],
      [`${FILES}/artifacts/${artifacts}/note.txt`, { method: 'HEAD' }]
    ]
    for (const [path, init] of reads(shared)) expect([path, (await ask(token, path, init)).status]).toEqual([path, 200])
    for (const [path, init] of reads(other)) expect([path, (await ask(token, path, init)).status]).toEqual([path, 403])
    const mixed: [string, Ask][] = [
      [`${API}/runs/search`, { body: { experiment_ids: [shared.experimentId, other.experimentId] } }],
      [`${API}/runs/search`, { body: { experiment_ids: [] } }],
      [`${API}/metrics/get-history-bulk-interval?run_ids=${shared.runId}&run_ids=${other.runId}&metric_key=m`, {}],
      [`${API}/runs/get?run_id=${other.runId}&run_uuid=${shared.runId}`, {}],
      [`${FILES}/artifacts?path=${shared.experimentId}`, {}],
      [`${FILES}/artifacts?path=${shared.artifacts}/../../${other.runId}/artifacts`, {}],
      [`${FILES}/artifacts/${other.artifacts}/${shared.runId}/artifacts/note.txt`, {}],
      [`${FILES}/artifacts`, {}],
      [`${API}/experiments/search?max_results=1`, {}],
      [`${API}/registered-models/search`, {}],
      [`${API}/runs/g%65t?run_id=${shared.runId}`, {}]
    ]
    for (const [path, init] of mixed) expect([path, (await ask(token, path, init)).status >= 400]).toEqual([path, true])
    // What is not there is not told apart from what is another's.
    expect((await ask(token, `${API}/runs/get?run_id=${'0'.repeat(32)}`)).status).toBe(403)
    expect((await ask(token, `${API}/experiments/get-by-name?experiment_name=none`)).status).toBe(403)
    // What a stock client asks to find out what is here.
    expect((await ask(token, '/api/3.0/mlflow/server-info')).status).toBe(200)
    expect((await ask(token, '/api/3.0/mlflow/traces/search', { body: {} })).status).toBe(501)
  })

  const writes = ({ experimentId, runId, artifacts }: SharedHost['shared']): [string, Ask][] => [
    [`${API}/runs/create`, { body: { experiment_id: experimentId } }],
    [`${API}/runs/update`, { body: { run_id: runId, run_name: 'x' } }],
    [`${API}/runs/delete`, { body: { run_id: runId } }],
    [`${API}/runs/restore`, { body: { run_id: runId } }],
    [`${API}/runs/log-metric`, { body: { run_id: runId, key: 'm', value: 1, timestamp: 1 } }],
    [`${API}/runs/log-parameter`, { body: { run_uuid: runId, key: 'p', value: '1' } }],
    [`${API}/runs/log-batch`, { body: { run_id: runId, metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1 }] } }],
    [`${API}/runs/set-tag`, { body: { run_id: runId, key: 't', value: '1' } }],
    [`${API}/runs/delete-tag`, { body: { run_id: runId, key: 't' } }],
    [`${API}/runs/log-inputs`, { body: { run_id: runId, datasets: [] } }],
    [`${API}/runs/outputs`, { body: { run_id: runId, models: [] } }],
    [`${API}/experiments/update`, { body: { experiment_id: experimentId, new_name: `renamed ${experimentId}` } }],
    [`${API}/experiments/set-experiment-tag`, { body: { experiment_id: experimentId, key: 'k', value: 'v' } }],
    [`${API}/experiments/delete-experiment-tag`, { body: { experiment_id: experimentId, key: 'k' } }],
    [`${API}/logged-models`, { body: { experiment_id: experimentId, source_run_id: runId } }],
    [`/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=a.txt`, { method: 'POST', body: 'a' }],
    [`${FILES}/artifacts/${artifacts}/b.txt`, { method: 'PUT', body: 'b' }],
    [`${FILES}/artifacts/${artifacts}/b.txt`, { method: 'DELETE' }],
    [`${FILES}/mpu/create/${artifacts}`, { body: { path: 'c.bin', num_parts: 1 } }]
  ]

  it('[SD10] writes to its experiment as an editor, and to no other; as a viewer nowhere', async () => {
    const { ask, share, shared, other } = await start()
    const editor = await share()
    const viewer = await share({ role: 'viewer' })
    for (const [path, init] of writes(shared)) {
      expect(['viewer', path, (await ask(viewer.token, path, init)).status]).toEqual(['viewer', path, 403])
      expect(['nobody', path, (await ask(null, path, init)).status]).toEqual(['nobody', path, 401])
    }
    for (const [path, init] of writes(other))
      expect(['other', path, (await ask(editor.token, path, init)).status]).toEqual(['other', path, 403])
    // A path that names the shared run in a folder that is not its own.
    for (const folder of [`${other.experimentId}/${shared.runId}/artifacts`, `${shared.runId}`, shared.experimentId])
      for (const init of [{ method: 'PUT', body: 'x' }, { method: 'DELETE' }, {}])
        expect([folder, (await ask(editor.token, `${FILES}/artifacts/${folder}/x`, init)).status]).toEqual([
          folder,
          403
        ])
    for (const [path, init] of writes(shared))
      expect(['editor', path, (await ask(editor.token, path, init)).status]).toEqual(['editor', path, 200])
    const { run } = (await (await ask(HOST_TOKEN, `${API}/runs/get?run_id=${other.runId}`)).json()) as {
      run: { info: { run_name: string }; data: { params?: unknown; metrics?: unknown } }
    }
    expect([run.info.run_name === 'x', run.data.params, run.data.metrics]).toEqual([false, undefined, undefined])
  })

  it('[SD11] does not reach another experiment through a model that is named beside a run', async () => {
    const { ask, share, shared, other } = await start()
    const { token } = await share()
    const made = await ask(HOST_TOKEN, `${API}/logged-models`, { body: { experiment_id: other.experimentId } })
    const { model } = (await made.json()) as { model: { info: { model_id: string } } }
    const model_id = model.info.model_id
    const metric = { key: 'm', value: 1, timestamp: 1, step: 0 }
    const tries: [string, Ask][] = [
      [`${API}/runs/log-metric`, { body: { run_id: shared.runId, ...metric, model_id } }],
      [`${API}/runs/log-batch`, { body: { run_id: shared.runId, metrics: [metric, { ...metric, model_id }] } }],
      [`${API}/runs/log-inputs`, { body: { run_id: shared.runId, models: [{ model_id }] } }],
      [`${API}/runs/outputs`, { body: { run_id: shared.runId, models: [{ model_id, step: 0 }] } }],
      [`${API}/logged-models`, { body: { experiment_id: shared.experimentId, source_run_id: other.runId } }],
      [`${API}/logged-models/${model_id}`, {}],
      [`${API}/logged-models/${model_id}/tags`, { method: 'PATCH', body: { tags: [] } }],
      [`${API}/logged-models/${model_id}/tags/a%2Fb`, { method: 'DELETE' }],
      [`${API}/logged-models/${model_id}/artifacts/directories`, {}],
      [`${API}/logged-models/${model_id}`, { method: 'DELETE' }]
    ]
    for (const [path, init] of tries) expect([path, (await ask(token, path, init)).status]).toEqual([path, 403])
    expect((await ask(HOST_TOKEN, `${API}/logged-models/${model_id}`)).status).toBe(200)
  })

  it('[SD12] leaves to owners what stands under no experiment, and making and deleting them', async () => {
    const { ask, share, shared } = await start()
    const { token } = await share()
    const tries: [string, Ask][] = [
      [`${API}/experiments/create`, { body: { name: 'mine' } }],
      [`${API}/experiments/delete`, { body: { experiment_id: shared.experimentId } }],
      [`${API}/experiments/restore`, { body: { experiment_id: shared.experimentId } }],
      [`${API}/registered-models/create`, { body: { name: 'm' } }],
      [`${API}/model-versions/create`, { body: { name: 'm', source: 'x' } }],
      ['/model-versions/get-artifact?name=m&version=1&path=x', {}],
      ['/api/2.0/mlflow/nothing', {}]
    ]
    for (const [path, init] of tries) expect([path, (await ask(token, path, init)).status]).toEqual([path, 403])
    const everything = await share({ rooms: ['*'] })
    expect((await ask(everything.token, `${API}/experiments/create`, { body: { name: 'mine' } })).status).toBe(200)
    expect((await ask(everything.token, `${API}/registered-models/create`, { body: { name: 'm' } })).status).toBe(200)
    const [path, init] = tries[1]!
    expect((await ask(everything.token, path, init)).status).toBe(403)
    expect((await ask(everything.token, SHARES_PATH)).status).toBe(403)
  })

  it('[SD13] follows a run that was moved: its files are where they were, and its new experiment’s', async () => {
    const { host, ask, share, shared, other } = await start()
    const { token } = await share()
    const { connectHost } = await import('#lib/live/host-connection.ts')
    const page = connectHost({ url: host.address, token: HOST_TOKEN, role: 'tab' })
    await expect.poll(() => page.connection).toBe('open')
    await page.commands.moveRuns([shared.runId as never], other.experimentId as never)
    page.close()
    for (const path of [
      `${API}/runs/get?run_id=${shared.runId}`,
      `${FILES}/artifacts/${shared.artifacts}/note.txt`,
      `${FILES}/artifacts?path=${shared.artifacts}`
    ]) {
      expect([path, (await ask(token, path)).status]).toEqual([path, 403])
      expect([path, (await ask(HOST_TOKEN, path)).status]).toEqual([path, 200])
    }
  })
})

describe('sockets', () => {
  const knock = (address: string, path: string, protocols: string[], headers = {}) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(address.replace('http', 'ws') + path, protocols, { headers })
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
      socket.on('error', () => undefined)
      socket.on('close', resolve)
      // Whoever is let in is let go of for this; whoever is not, before it is read.
      socket.on('open', () => socket.send('no frame'))
    })

  it('[SD14] that see the whole store are the owner’s', async () => {
    const { host, ask, share } = await start()
    const { id, token, capability } = await share()
    const everything = await share({ rooms: ['*'] })
    for (const path of ['/runnel/live', '/runnel/bridge?origin=x']) {
      for (const shown of [token, capability, everything.token])
        expect([path, await knock(host.address, path, protocolsFor(shown))]).toEqual([path, 403])
      expect(await knock(host.address, path, [PROTOCOL], { Authorization: `Bearer ${token}` })).toBe(403)
    }
    const owner = (await (await ask(HOST_TOKEN, TOKEN_PATH, { body: {} })).json()) as TokenAnswer
    expect(await knock(host.address, '/runnel/live', protocolsFor(owner.token))).toBe(CLOSE.malformed)
    await ask(HOST_TOKEN, `${SHARES_PATH}/${id}`, { method: 'DELETE' })
    expect(await knock(host.address, '/runnel/live', protocolsFor(token))).toBe(CLOSE.token)
  })
})

describe('pages of other origins', () => {
  it('[SD15] have nobody’s rights: they change nothing and read nothing', async () => {
    const { ask, share } = await start()
    const { token, capability } = await share()
    const evil = { Origin: 'https://evil.test' }
    for (const [path, body] of [
      [TOKEN_PATH, { capability }],
      [SHARES_PATH, { rooms: ['*'], role: 'viewer' }]
    ] as const) {
      const answer = await ask(token, path, { body, headers: evil })
      expect([path, answer.status, await answer.text()]).toEqual([path, 403, 'Cross-origin request blocked'])
    }
    const read = await ask(token, SPACE_PATH, { headers: evil })
    expect(read.headers.has('access-control-allow-origin')).toBe(false)
    const put = await ask(token, `/sync/blobs/${'0'.repeat(64)}`, { method: 'PUT', body: 'x', headers: evil })
    expect(put.status).toBe(403)
  })

  it('[SD16] that were allowed may, and can read what is said', async () => {
    const { ask, share } = await start('--token', HOST_TOKEN, '--cors-allowed-origins', 'https://page.example')
    const { token } = await share()
    const mine = { Origin: 'https://page.example' }
    const preflight = await ask(null, '/sync/blobs/x', {
      method: 'OPTIONS',
      headers: {
        ...mine,
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'authorization,content-range'
      }
    })
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': 'https://page.example',
      'access-control-allow-headers': 'authorization,content-range'
    })
    for (const shown of [token, null, `${token}x`])
      expect((await ask(shown, SPACE_PATH, { headers: mine })).headers.get('access-control-allow-origin')).toBe(
        'https://page.example'
      )
  })
})

describe('the room of an experiment', () => {
  it('[SD20] lets an editor change nothing of another experiment, nor take what stands there, with a program of their own', async () => {
    const { host, ask, share, shared, other } = await start()
    const { token } = await share()
    const doc = new Y.Doc()
    const provider = new WebsocketProvider(
      host.address.replace('http', 'ws') + ROOMS_PATH,
      `x.${shared.experimentId}`,
      doc,
      {
        disableBc: true,
        protocols: protocolsFor(token),
        WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket
      }
    )
    ends.push(async () => (provider.destroy(), provider.awareness.destroy(), Promise.resolve(doc.destroy())))
    await expect.poll(() => provider.synced).toBe(true)
    const say = (subject: string, writer: string, cells: Readonly<Record<string, Json>>): void => {
      const hlc = Date.now() * 1000
      const said = Object.entries(cells).map(([field, value]) => ({ field, value, hlc }))
      doc.getMap(ROOTS.records).set(`${subject}:${writer}`, encodeFacts({ from: 1, to: 1, cells: said, series: [] }))
    }
    say(`r${other.runId}`, 'AAAAAAAAAAA', { 't/evil': 'yes' })
    say(`r${other.runId}`, 'AAAAAAAAAAB', { h: shared.experimentId })
    say(`r${other.runId}`, 'AAAAAAAAAAC', { z: true })
    say(`x${other.experimentId}`, 'AAAAAAAAAAA', { n: 'renamed', x: ['deleted', 1] })
    // Taken after all of these.
    say(`r${shared.runId}`, 'AAAAAAAAAAA', { 't/own': 'yes' })
    const run = async (id: string) =>
      (await (await ask(HOST_TOKEN, `${API}/runs/get?run_id=${id}`)).json()) as {
        run: { info: { experiment_id: string }; data: { tags?: { key: string }[] } }
      }
    const tagsOf = async (id: string) => (await run(id)).run.data.tags?.map(({ key }) => key)
    await expect.poll(() => tagsOf(shared.runId)).toContain('own')
    expect((await run(other.runId)).run.info.experiment_id).toBe(other.experimentId)
    expect(await tagsOf(other.runId)).not.toContain('evil')
    expect((await ask(token, `${API}/runs/get?run_id=${other.runId}`)).status).toBe(403)
    const experiment = await ask(HOST_TOKEN, `${API}/experiments/get?experiment_id=${other.experimentId}`)
    expect(await experiment.json()).toMatchObject({ experiment: { name: 'other', lifecycle_stage: 'active' } })
  })
})

describe('a host on loopback without a token', () => {
  it('[SD17] has everybody for an owner, and whoever came by a link for what the link says', async () => {
    const { host, ask, shared } = await start('--port', '0')
    expect(existsSync(join(host.folder, 'runnel-data', 'runnel.sharing.db'))).toBe(false)
    const made = await ask(null, SHARES_PATH, { body: { rooms: [`x.${shared.experimentId}`], role: 'viewer' } })
    const { share, capability } = (await made.json()) as { share: { id: string }; capability: string }
    const given = (await (await ask(null, TOKEN_PATH, { body: { capability } })).json()) as TokenAnswer
    const tag = (token: string | null) =>
      ask(token, `${API}/runs/set-tag`, { body: { run_id: shared.runId, key: 'k', value: 'v' } })
    expect([(await tag(null)).status, (await tag(given.token)).status, (await tag(capability)).status]).toEqual([
      200, 403, 403
    ])
    expect((await ask(given.token, SHARES_PATH)).status).toBe(403)
    expect((await ask(null, TOKEN_PATH, { body: {} })).status).toBe(200)
    await ask(null, `${SHARES_PATH}/${share.id}`, { method: 'DELETE' })
    expect((await tag(given.token)).status).toBe(401)
    // What other programs show means nothing here, as before.
    expect((await tag('eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x')).status).toBe(200)
    expect((await tag('anything')).status).toBe(200)
  })

  it('[SD18] gives nobody anything by another name: rebinding stops at the gate', async () => {
    const { host } = await start('--port', '0')
    const status = await new Promise<number>((resolve, reject) => {
      request(
        host.address + TOKEN_PATH,
        { method: 'POST', headers: { Host: 'evil.test', 'Content-Type': 'application/json' } },
        (response) => (response.resume(), resolve(response.statusCode ?? 0))
      )
        .on('error', reject)
        .end('{}')
    })
    expect(status).toBe(403)
  })
})

describe('a host for artifacts only', () => {
  it('[SD19] shares nothing', async () => {
    const host = await startNodeHost(['--artifacts-only'])
    ends.push(host.end)
    for (const path of [TOKEN_PATH, SHARES_PATH, SPACE_PATH])
      expect((await fetch(host.address + path, { method: 'POST', body: '{}' })).status).toBe(501)
  })
})
