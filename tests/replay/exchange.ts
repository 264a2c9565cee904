/** Sends recorded requests to one server and reads its answers. Over a bare socket: fetch would tidy paths and headers first. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { RecordedRequest, Scenario } from './request.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export type Body =
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'html' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly base64: string }

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/** One server's side of a scenario: its answers in order, and what was kept of them. */
export interface Conversation {
  readonly answers: readonly Answer[]
  readonly kept: ReadonlyMap<string, string>
}

/** Between two requests, so that what they make has different times and orders by time are certain. */
const pauseMs = 2

/**
 * Send a scenario's requests one after the other.
 *
 * server  `http://127.0.0.1:PORT`
 * fails   when the server does not answer
 */
export async function converse(server: string, { requests }: Scenario): Promise<Conversation> {
  const kept = new Map<string, string>()
  const answers: Answer[] = []
  for (const request of requests) {
    const answer = await exchange(server, request, kept)
    answers.push(answer)
    for (const [key, place] of Object.entries(request.keep)) {
      const value = answer.body.kind === 'json' ? valueAt(answer.body.value, place) : undefined
      // What cannot be kept is told by the comparison; the requests that need it go astray, on this server alone.
      kept.set(key, typeof value === 'string' ? value : `no-${key}`)
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return { answers, kept }
}

function exchange(server: string, sent: RecordedRequest, kept: ReadonlyMap<string, string>): Promise<Answer> {
  const fill = (text: string): string =>
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = kept.get(name)
      if (value === undefined) throw new Error(`${sent.name}: nothing was kept as ${name}`)
      return value
    })
  const body = typeof sent.body === 'string' ? Buffer.from(fill(sent.body)) : sent.body
  const { hostname, port } = new URL(server)
  const headers: Record<string, string> = Object.fromEntries(
    Object.entries(sent.headers).map(([key, value]) => [key, fill(value)])
  )
  if (body && headers['Transfer-Encoding'] === undefined) headers['Content-Length'] = String(body.byteLength)
  return new Promise((resolve, reject) => {
    // A connection each: a server that failed closes the one it failed on.
    const outgoing = httpRequest(
      { hostname, port, agent: false, method: sent.method, path: fill(sent.path), headers },
      (incoming) => {
        readAnswer(incoming).then(resolve, reject)
      }
    )
    outgoing.on('error', (error) => reject(new Error(`${sent.name}: ${server} did not answer: ${error.message}`)))
    outgoing.setTimeout(30_000, () => outgoing.destroy(new Error('no answer in 30 s')))
    outgoing.end(body ?? undefined)
  })
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([key, value]) => [key, [value].flat().join(', ')])
  )
  return { status: incoming.statusCode ?? 0, headers, body: readBody(Buffer.concat(chunks), headers) }
}

function readBody(bytes: Buffer, headers: Readonly<Record<string, string>>): Body {
  const type = headers['content-type'] ?? ''
  if (headers['content-disposition'] !== undefined) return { kind: 'bytes', base64: bytes.toString('base64') }
  if (type.startsWith('application/json') && bytes.length > 0)
    return { kind: 'json', value: parseJson(bytes.toString()) }
  if (type.startsWith('text/html')) return { kind: 'html' }
  return { kind: 'text', text: bytes.toString() }
}

/** Python writes NaN bare, which JSON does not have; it is read as a text that says so. */
function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return JSON.parse(text.replace(/(?<=[:[,]\s*)(NaN|-?Infinity)(?=\s*[,}\]])/g, '"bare $1"')) as JsonValue
  }
}

/** `run.info.run_id`, `files.0.path` */
export function valueAt(value: JsonValue, place: string): JsonValue | undefined {
  let at: JsonValue | undefined = value
  for (const key of place.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Readonly<Record<string, JsonValue>>)[key]
  }
  return at
}
