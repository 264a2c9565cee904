/**
 * Bounds how fast the host's own token can be guessed, where a person chose it and it may be found.
 *
 *   shows a token ─► nobody guesses: looked at, at once
 *                 └► somebody does:  waits in line ─► looked at ─► wrong, and not shown before: all others wait for a moment
 *
 * To tell a right token from a wrong one at once is to answer guesses as fast as they come, whatever is done with the wrong ones; to let
 * nobody in any more is to let a neighbour behind the same address lock out its owner. So everybody waits, for their turn only: a right token
 * is late by the wrong ones before it and never refused, and guesses come one after the other, from however many addresses and doors.
 */
import { createHash } from 'node:crypto'
import { HOST } from '#lib/domain/limits.ts'
import { tooMany, type Verdict } from './gate.ts'

/** Ask the gate, now or when it is this client's turn. Clients take turns, each until it has shown something wrong. */
export type GuessLine = (client: string, look: () => Verdict) => Verdict | Promise<Verdict>

export const createGuessLine = (pauseMs: number = HOST.wrongTokenPauseMs): GuessLine => {
  // By client; whose turn it is comes first.
  const waiting = new Map<string, (() => void)[]>()
  const wrongBefore = new Set<string>()
  let isPaused = false

  const judge = (look: () => Verdict): Verdict => {
    const verdict = look()
    if (verdict.wrongToken !== undefined && isNew(verdict.wrongToken, wrongBefore)) {
      isPaused = true
      setTimeout(goOn, pauseMs)
    }
    return verdict
  }

  const goOn = (): void => {
    isPaused = false
    for (const [client, line] of waiting) {
      while (!isPaused && line.length > 0) line.shift()!()
      // A wrong one ends its turn: it waits behind the others.
      waiting.delete(client)
      if (line.length > 0) waiting.set(client, line)
      if (isPaused) return
    }
  }

  return (client, look) => {
    if (!isPaused) return judge(look)
    const line = waiting.get(client) ?? []
    if (line.length >= HOST.waitingLooks) return { isAllowed: false, response: tooMany(1) }
    waiting.set(client, line)
    return new Promise((resolve, reject) => {
      line.push(() => {
        try {
          resolve(judge(look))
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
  }
}

/** Whoever shows the same wrong token again and again, a job that was told another one, guesses nothing. */
const isNew = (token: string, wrongBefore: Set<string>): boolean => {
  const name = createHash('sha256').update(token).digest('base64')
  if (wrongBefore.has(name)) return false
  wrongBefore.add(name)
  const [oldest] = wrongBefore
  if (wrongBefore.size > HOST.wrongTokensKnown && oldest !== undefined) wrongBefore.delete(oldest)
  return true
}
