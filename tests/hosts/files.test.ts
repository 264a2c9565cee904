/** Files of experiments over a Node host's HTTP: between two hosts, and nobody's but its owners'. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FILES_PATH } from '#lib/live/store-paths.ts'
import type { MergeOutcome } from '#lib/live/protocol.ts'
import { HOST_TOKEN, startSharedHost, type SharedHost } from '../support/shared-host.ts'

let from: SharedHost
let to: SharedHost

beforeAll(async () => {
  ;[from, to] = await Promise.all([startSharedHost(), startSharedHost()])
})
afterAll(() => Promise.all([from.host.end(), to.host.end()]))

const merge = async (file: Blob): Promise<MergeOutcome> => {
  const answer = await to.ask(HOST_TOKEN, `${FILES_PATH}?job=merging`, { body: file })
  expect(answer.status).toBe(200)
  return (await answer.json()) as MergeOutcome
}

describe('a host', () => {
  it('[FH1] gives an experiment as a file to another, which takes it once', async () => {
    const path = `/api/2.0/mlflow-artifacts/artifacts/${from.shared.artifacts}/large.bin`
    const large = new Uint8Array(5_000_000).map((_, i) => i * 7)
    expect((await from.ask(HOST_TOKEN, path, { method: 'PUT', body: large })).status).toBe(200)
    const answer = await from.ask(HOST_TOKEN, `${FILES_PATH}?experiment=${from.shared.experimentId}&job=one`)
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'application/zip'])
    const file = await answer.blob()
    expect((await merge(file)).experiments).toMatchObject([{ isNew: true, newRuns: 1, missingFiles: 0 }])
    expect((await merge(file)).experiments).toMatchObject([{ isNew: false, newRuns: 0, isChanged: false }])
    const run = await to.ask(HOST_TOKEN, `/api/2.0/mlflow/runs/get?run_id=${from.shared.runId}`)
    expect(await run.json()).toMatchObject({ run: { info: { run_id: from.shared.runId } } })
    const got = await to.ask(HOST_TOKEN, `/get-artifact?run_id=${from.shared.runId}&path=large.bin`)
    expect(Buffer.compare(Buffer.from(await got.arrayBuffer()), Buffer.from(large))).toBe(0)
  })

  it('[FH2] refuses guests, and says what is wrong with a file', async () => {
    const { token } = await from.share({ role: 'editor' })
    expect((await from.ask(token, FILES_PATH)).status).toBe(403)
    expect((await from.ask(token, FILES_PATH, { body: new Blob(['x']) })).status).toBe(403)
    expect((await from.ask(null, FILES_PATH)).status).toBe(401)
    const answer = await to.ask(HOST_TOKEN, FILES_PATH, { body: new Blob(['no zip']) })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error_code: 'INVALID_PARAMETER_VALUE' }])
    expect((await from.ask(HOST_TOKEN, `${FILES_PATH}?experiment=99`)).status).toBe(404)
  })
})
