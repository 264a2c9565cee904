/**
 * Every route of the api, with its requests bent: types, sizes, unicode, depth, structure, encoding. Whatever is sent, the answer is one
 * MLflow's clients can read, it is nobody's fault but the sender's, and a refusal leaves nothing written.
 *
 * The requests are those of the replay, played in order so that ids are real; each is sent bent several times before it is sent as it is.
 * `FUZZ_SEED=N` repeats a run, `FUZZ_SECONDS=N` lengthens it.
 */
import { expect, test } from 'vitest'
import { HTTP_STATUS } from '#lib/api/status.ts'
import { shuffle } from '#lib/demo/random.ts'
import { openApi, type ApiClient } from '../contracts/api/client.ts'
import { corpus } from '../replay/corpus.ts'
import { valueAt } from '../replay/exchange.ts'
import type { RecordedRequest } from '../replay/request.ts'
import { bend, seeded, type Random } from './bend.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 5)

/** Codes that say that the fault, or the lack, is not the sender's. */
const OURS = new Set(['INTERNAL_ERROR', 'TEMPORARILY_UNAVAILABLE'])

test(
  `[FZ1] bent requests are answered and refusals leave nothing behind (FUZZ_SEED=${seed} FUZZ_SECONDS=${seconds})`,
  { timeout: seconds * 1000 + 120_000 },
  async () => {
    const random = seeded(seed)
    const ends = performance.now() + seconds * 1000
    const tally = { sent: 0, refused: 0, routes: new Set<string>() }
    for (let round = 0; round === 0 || performance.now() < ends; round++) {
      const api = await openApi('node:sqlite')
      for (const scenario of shuffle(corpus, random.unit)) {
        await play(api, scenario.requests, random, tally, () => performance.now() < ends)
      }
    }
    console.info(`api fuzz: ${tally.sent} bent requests over ${tally.routes.size} routes, ${tally.refused} refused`)
    expect(tally.sent).toBeGreaterThan(200)
    expect(tally.refused).toBeGreaterThan(tally.sent / 4)
  }
)

interface Tally {
  sent: number
  refused: number
  readonly routes: Set<string>
}

async function play(
  api: ApiClient,
  requests: readonly RecordedRequest[],
  random: Random,
  tally: Tally,
  goesOn: () => boolean
): Promise<void> {
  const kept = new Map<string, string>()
  for (const recorded of requests) {
    const request = filled(recorded, kept)
    tally.routes.add(`${request.method} ${recorded.path.split('?')[0]!}`)
    for (let i = 0; i < 4 && goesOn(); i++) {
      const bent = bend(request, random)
      const answer = await send(api, bent)
      tally.sent++
      if (answer.status >= 400) tally.refused++
    }
    // What it was bent from must work for the requests after it, so it is sent whole too.
    const { json } = await send(api, request)
    for (const [name, place] of Object.entries(recorded.keep)) {
      const value = valueAt(json, place)
      kept.set(name, typeof value === 'string' ? value : `no-${name}`)
    }
  }
}

async function send(api: ApiClient, sent: Sent) {
  const before = api.journal.commits.length
  const { method, headers, body } = sent
  const isBodiless = method === 'GET' || method === 'HEAD'
  const answer = await api.request(sent.path, {
    method,
    headers,
    ...(!isBodiless && body !== null && { body: body as BodyInit })
  })
  const told = { seed, sent: { ...sent, body: shown(body) }, status: answer.status, text: answer.text.slice(0, 500) }
  expect(api.reported, JSON.stringify(told)).toEqual([])
  if (answer.status >= 400) {
    expect(api.journal.commits.length, JSON.stringify(told)).toBe(before)
    if (method !== 'HEAD' && answer.status !== 404) {
      const code = answer.json['error_code']
      expect(typeof code === 'string' && code in HTTP_STATUS && !OURS.has(code), JSON.stringify(told)).toBe(true)
      expect(answer.json['message'], JSON.stringify(told)).toEqual(expect.any(String))
    }
  }
  return answer
}

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}

function filled({ method, path, headers, body }: RecordedRequest, kept: ReadonlyMap<string, string>): Sent {
  const fill = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => kept.get(name) ?? `no-${name}`)
  return {
    method,
    path: fill(path),
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, fill(value)])),
    body: typeof body === 'string' ? fill(body) : body
  }
}

const shown = (body: string | Uint8Array | null): string | null =>
  body === null ? null : (typeof body === 'string' ? body : new TextDecoder().decode(body)).slice(0, 2000)
