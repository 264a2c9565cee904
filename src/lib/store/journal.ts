import type { SqlEngine, Statement } from './engine.ts'

/**
 * What makes a commit last. In the browser a commit log in IndexedDB; under node:sqlite a sync of the write-ahead log.
 *
 * Invariants
 * - `append` is called in commit order, without waiting for earlier ones. It resolves when that commit and all before it are durable.
 * - Once one append has failed, every later one fails too until `recover`, because memory then holds what was never promised.
 */
export interface Journal {
  /**
   * Rejects with a RunnelError: RESOURCE_EXHAUSTED when there is no room, TEMPORARILY_UNAVAILABLE for any other failure.
   * `makesRoom` marks a commit that deletes, or leads to it: it may use room that is kept back, or a full disk could never be emptied.
   */
  append(statements: readonly Statement[], options?: { readonly makesRoom: boolean }): Promise<void>
  /** A fresh engine holding exactly what is durable. The old one is closed. */
  recover(): Promise<SqlEngine>
}

/** Whether what was logged is safe yet. */
export type SaveState = 'saved' | 'saving' | 'failing'
