import { createContext, untrack } from 'svelte'
import { createSubscriber } from 'svelte/reactivity'
import { randomHex } from '#lib/domain/ids.ts'
import type { Connection, LiveClient, LiveFailure } from './client.ts'
import type { AnswerTo, ChartQuery, Commands, Query, SaveState, SessionInfo } from './protocol.ts'
import { ChartState, QueryState, type Answered } from './query-state.svelte.ts'

export type { LiveFailure } from './client.ts'

const [getLive, setLiveContext] = createContext<Live>()

export { setLiveContext as setLive }

/** The store this page looks at. Fails outside a page that was given one. */
export const useLive = (): Live => getLive()

/** A query that stays answered. */
export interface LiveQuery<Q extends Query> {
  /**
   * The newest answer; undefined until the first one. Kept while the same thing is asked differently (a window that moved, a filter that
   * cannot be read yet); dropped when something else is asked about.
   */
  readonly current: AnswerTo<Q> | undefined
  /** Why the newest query was refused; null once it is answered. */
  readonly error: LiveFailure | null
  /** True until the query as it stands now has been answered or refused. */
  readonly loading: boolean
}

/** The rune face of a LiveClient. */
export class Live {
  readonly commands: Commands
  readonly #client: LiveClient
  readonly #subscribe: () => void

  constructor(client: LiveClient) {
    this.#client = client
    this.commands = client.commands
    this.#subscribe = createSubscriber((update) => client.onState(update))
  }

  get client(): LiveClient {
    return this.#client
  }

  get connection(): Connection {
    this.#subscribe()
    return this.#client.connection
  }

  /** Why the store cannot be reached, in words for the reader; null while it can. */
  get problem(): string | null {
    this.#subscribe()
    return this.#client.problem
  }

  get save(): SaveState {
    this.#subscribe()
    return this.#client.save.state
  }

  get saveMessage(): string | null {
    this.#subscribe()
    return this.#client.save.message
  }

  get info(): SessionInfo | null {
    this.#subscribe()
    return this.#client.info
  }

  /** Call while a component initialises. `get` may return null: then nothing is asked. */
  query<Q extends Query>(get: () => Q | null): LiveQuery<Q> {
    return this.#follow(get, new QueryState<Q>())
  }

  /** The same of a chart, as of ChartState: `get` must not depend on its answer. */
  chart(get: () => ChartQuery | null): LiveQuery<ChartQuery> {
    const text = $derived(JSON.stringify(get()))
    return this.#follow(get, new ChartState(() => text))
  }

  #follow<Q extends Query>(get: () => Q | null, state: Answered<Q>): LiveQuery<Q> {
    let watch: { update(query: Q): void; stop(): void } | null = null
    let asked = ''
    let about = ''
    $effect(() => {
      const query = get()
      const text = JSON.stringify(query)
      if (text === asked) return
      asked = text
      untrack(() => {
        if (query === null) {
          watch?.stop()
          watch = null
          state.clear()
          return
        }
        if (subjectOf(query) !== about) state.clear()
        about = subjectOf(query)
        state.ask(text)
        if (watch) watch.update(query)
        else
          watch = this.#client.watch(query, {
            onAnswer: (answer) => state.answer(answer),
            onRefused: (failure) => state.refuse(failure)
          })
      })
    })
    $effect(() => () => watch?.stop())
    return state
  }

  /** A port to the store for a notebook that runs in a page of ours: the demo. */
  async openNotebookPort(name: string): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel()
    // `randomUUID` is missing where a host is looked at over plain http.
    const id = randomHex(16)
    const admission = await this.#client.admit(port1, {
      origin: location.origin,
      session: `page-${id}`,
      writer: id,
      name,
      version: '1'
    })
    if (admission.outcome === 'denied') throw new Error(`The store turned ${name} away: ${admission.reason}`)
    return port2
  }
}

/** What a query asks about, as opposed to how. */
function subjectOf(query: Query): string {
  const { kind } = query
  if (kind === 'values') return `${kind}/${query.experimentId}/${query.field.kind}/${query.field.key}`
  if (kind === 'views') return `${kind}/${query.experimentId}/${query.of}`
  // Runs that come and go leave the rest of a picture as it is.
  if (kind === 'chart') return `${kind}/${query.key}/${JSON.stringify(query.x)}`
  if ('runId' in query) return `${kind}/${query.runId}`
  if ('experimentId' in query) return `${kind}/${query.experimentId}`
  return 'experimentIds' in query ? `${kind}/${query.experimentIds.join()}` : kind
}
