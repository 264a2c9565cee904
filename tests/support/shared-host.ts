/** A host with a token, two experiments with a run each, and links to the first of them. */
import { SHARES_PATH, TOKEN_PATH, type TokenAnswer } from '#lib/sync/agreement.ts'
import { startNodeHost, type NodeHost } from './node-host.ts'

export const HOST_TOKEN = 'the-token-of-the-host'

export interface Place {
  readonly experimentId: string
  readonly name: string
  readonly runId: string
  /** Of the run's artifacts, below the artifact root. */
  readonly artifacts: string
}

export interface SharedHost {
  readonly host: NodeHost
  readonly shared: Place
  readonly other: Place
  /** Fetch as whoever shows `token`; null for nobody. A body that is no text, bytes or Blob goes as JSON. */
  readonly ask: (token: string | null, path: string, init?: Ask) => Promise<Response>
  /** Make a share, and take a token by it. */
  readonly share: (fields?: Readonly<Record<string, unknown>>) => Promise<Given>
  readonly tokenBy: (capability: string, fields?: Readonly<Record<string, unknown>>) => Promise<Response>
}

export interface Given {
  readonly id: string
  readonly capability: string
  readonly token: string
}

export interface Ask {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const startSharedHost = async (flags: readonly string[] = ['--token', HOST_TOKEN]): Promise<SharedHost> => {
  const host = await startNodeHost(flags)
  const ask: SharedHost['ask'] = (token, path, { method, body, headers = {} } = {}) => {
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob
    return fetch(host.address + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(!isRaw && { 'Content-Type': 'application/json' }),
        ...headers
      },
      ...(body !== undefined && { body: isRaw ? (body as BodyInit) : JSON.stringify(body) })
    })
  }
  const api = async (operation: string, body: unknown): Promise<Record<string, unknown>> =>
    (await (await ask(HOST_TOKEN, `/api/2.0/mlflow/${operation}`, { body })).json()) as Record<string, unknown>
  const makePlace = async (name: string): Promise<Place> => {
    const { experiment_id: experimentId } = (await api('experiments/create', { name })) as { experiment_id: string }
    const { run } = (await api('runs/create', { experiment_id: experimentId })) as unknown as RunAnswer
    const artifacts = run.info.artifact_uri.replace('mlflow-artifacts:/', '')
    const path = `/api/2.0/mlflow-artifacts/artifacts/${artifacts}/note.txt`
    await ask(HOST_TOKEN, path, { method: 'PUT', body: `note of ${name}` })
    return { experimentId, name, runId: run.info.run_id, artifacts }
  }
  const shared = await makePlace('shared')
  const other = await makePlace('other')
  const tokenBy: SharedHost['tokenBy'] = (capability, fields = {}) =>
    ask(null, TOKEN_PATH, { body: { capability, ...fields } })
  return {
    host,
    shared,
    other,
    ask,
    tokenBy,
    share: async (fields = {}) => {
      const rooms = [`x.${shared.experimentId}`, `n.${shared.experimentId}`]
      const made = await ask(HOST_TOKEN, SHARES_PATH, { body: { rooms, role: 'editor', ...fields } })
      const { share, capability } = (await made.json()) as { share: { id: string }; capability: string }
      const given = (await (await tokenBy(capability, { client: 'a' })).json()) as TokenAnswer
      return { id: share.id, capability, token: given.token }
    }
  }
}

interface RunAnswer {
  readonly run: { readonly info: { readonly run_id: string; readonly artifact_uri: string } }
}
