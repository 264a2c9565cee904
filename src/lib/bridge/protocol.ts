/**
 * The wire between a notebook and a store, version 1. Both ends read this file and nothing else of each other.
 *
 *   notebook page (C)            bridge page of Runnel's origin (H)         the store's worker (S)
 *        │  ◄── ready ────────────────── │                                          │
 *        │  ─── hello + port ──────────► │ ── the port, with the origin ──────────► │
 *        │  ◄── pending | denied ─────── │                                          │
 *        │  ◄═════════ welcome, ack, nack, res, credit, pong, bye ═════════════════ │   on the port
 *        │  ═════════════════ put, req, ping, close ══════════════════════════════► │
 *
 * Invariants
 * - Everything a session logs is one numbered stream of operations, from 1. A `put` says where it starts and how many it holds.
 * - The store keeps each session's high-water mark in the same transaction as the data, drops what it has seen, and acknowledges
 *   only what is durable. So anything may be sent again, cut differently, and is still logged once.
 * - Authority is decided once, by the bridge page (origin, consent). After that the port itself is the permission.
 * - Unknown fields are ignored; an unknown message type is ignored.
 */
import type { WireError } from '#lib/domain/errors.ts'
import type { RunStatus } from '#lib/domain/run.ts'

export const BRIDGE_VERSIONS = [1] as const

// ── window messages, before there is a port ─────────────────────────────────────────────────────────────────────────────────────

/** H → C on every load of the bridge page and on every new host, to opener or parent, for any origin: it holds no secret. */
export interface Ready {
  readonly rnl: 'ready'
  readonly v: readonly number[]
  /** Changes with every instance of the store's host. */
  readonly epoch: string
  /** True when this frame's storage is not the one a top-level Runnel tab sees: logging here would vanish. */
  readonly partitioned: boolean
}

/** C → H, with one MessagePort transferred. Repeated until answered. */
export interface Hello {
  readonly rnl: 'hello'
  readonly v: readonly number[]
  readonly session: string
  /** Minted by each client instance: a second live writer on a session is refused. */
  readonly writer: string
  /** Names this hello, so that an answer is matched to it. */
  readonly nonce: string
  readonly client: ClientInfo
}

export interface ClientInfo {
  /** What asks, in the words shown to the person who decides: a notebook's title. */
  readonly name: string
  readonly version: string
}

/** H → C: somebody has to decide. `where` says which window shows the question; `nowhere` asks the client to open one. */
export interface Pending {
  readonly rnl: 'pending'
  readonly nonce: string
  readonly where: 'here' | 'tab' | 'nowhere'
}

export type DeniedReason = 'user' | 'version' | 'partitioned' | 'malformed' | 'unavailable'

export interface Denied {
  readonly rnl: 'denied'
  readonly nonce: string
  readonly reason: DeniedReason
}

export type WindowMessageToClient = Ready | Pending | Denied

// ── port messages ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Credit {
  readonly batches: number
  readonly bytes: number
}

/**
 * S → C. `hwm` is the last durable operation of the session (0 when new): drop what is at or below it, send the rest again.
 * `credit` is what may be in flight; one message may always be, however large.
 */
export interface Welcome {
  readonly t: 'welcome'
  readonly v: number
  readonly epoch: string
  readonly hwm: number
  readonly credit: Credit
  /** The session's last refusals: the ack that told of them may have been lost. */
  readonly refused?: readonly Refusal[]
}

/**
 * Points as parallel columns of equal length n, in the order they were logged.
 * `series[k[i]]` is the run and key of point i; `s` steps, `t` epoch ms, `v` values (NaN and ±Infinity as they are).
 */
export interface PointColumns {
  readonly series: readonly (readonly [runId: string, key: string])[]
  readonly k: Uint16Array
  readonly s: Float64Array
  readonly t: Float64Array
  readonly v: Float64Array
}

export interface WireTag {
  readonly key: string
  readonly value: string
}

/** Everything a session does that is not a point, each one operation of the stream. */
export type SessionOp =
  /** Nothing: the number of an operation that could not be made (an image that would not encode), so that no number is missing. */
  | { readonly op: 'skip' }
  | {
      readonly op: 'startRun'
      /** Minted by the client, so that starting a run waits for nothing. An existing run of that id is resumed. */
      readonly runId: string
      /** By name (made when absent) or by id; the Default experiment when neither is given. */
      readonly experimentName?: string
      readonly experimentId?: string
      readonly runName?: string
      /** Set when the author named the run: then it must exist. */
      readonly resume?: true
      readonly startTime: number
      readonly tags: readonly WireTag[]
    }
  | { readonly op: 'endRun'; readonly runId: string; readonly status: RunStatus; readonly endTime: number }
  | { readonly op: 'param'; readonly runId: string; readonly key: string; readonly value: string }
  | { readonly op: 'tag'; readonly runId: string; readonly key: string; readonly value: string }
  | { readonly op: 'deleteTag'; readonly runId: string; readonly key: string }
  | {
      readonly op: 'artifact'
      readonly runId: string
      readonly path: string
      readonly blob: Blob
      readonly mediaType: string
    }
  | {
      readonly op: 'input'
      readonly runId: string
      readonly dataset: {
        readonly name: string
        readonly digest: string
        readonly sourceType: string
        readonly source: string
        readonly schema: string | null
        readonly profile: string | null
      }
      readonly tags: readonly WireTag[]
    }

/** C → S. Operations `from` … `from + n - 1`: either points or small operations, never both in one message. */
export interface Put {
  readonly t: 'put'
  readonly from: number
  readonly n: number
  readonly points?: PointColumns
  readonly ops?: readonly SessionOp[]
}

/** S → C, cumulative, only once durable. `refused` are operations the store's rules turned down: consumed, not applied. */
export interface Ack {
  readonly t: 'ack'
  readonly upTo: number
  readonly refused?: readonly Refusal[]
}

export interface Refusal {
  /** First operation refused, and how many in a row from it, for the same reason. */
  readonly from: number
  readonly n: number
  readonly error: WireError
}

export type NackCode = 'gap' | 'quota' | 'io' | 'fenced' | 'malformed'

/** S → C: nothing from `from` on was kept. Send it again after `retryAfterMs`; `fenced` and `malformed` are final. */
export interface Nack {
  readonly t: 'nack'
  readonly from: number
  readonly code: NackCode
  readonly message: string
  readonly retryAfterMs: number
}

/** C → S: a request to the MLflow REST routes of this store. */
export interface Req {
  readonly t: 'req'
  readonly id: number
  readonly method: string
  readonly path: string
  readonly body: string | null
}

export interface Res {
  readonly t: 'res'
  readonly id: number
  readonly status: number
  readonly contentType: string
  readonly body: string | Blob
}

/** Either side may ask whether the other still lives; the answer to `ping` is `pong`. `close` lets go of the session at once. */
export type PortMessageToStore = Put | Req | { readonly t: 'ping' } | { readonly t: 'pong' } | { readonly t: 'close' }

export type PortMessageToClient =
  | Welcome
  | Ack
  | Nack
  | Res
  | ({ readonly t: 'credit' } & Credit)
  | { readonly t: 'ping' }
  | { readonly t: 'pong' }
  | { readonly t: 'bye'; readonly reason: 'upgrade' | 'close' | 'revoked' }
