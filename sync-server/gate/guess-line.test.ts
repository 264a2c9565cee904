import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HOST } from '#lib/domain/limits.ts'
import { createGate, type Verdict } from './gate.ts'
import { createGuessLine, type GuessLine } from './guess-line.ts'

const TOKEN = 'the-token'
const PAUSE = HOST.wrongTokenPauseMs

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const linedUp = (token = TOKEN) => {
  const gate = createGate({ allowedHosts: null, allowedOrigins: [], token, rate: { perSecond: 0, burst: 0 } })
  const line: GuessLine = createGuessLine()
  /** Looks that were answered, in that order. */
  const answered: string[] = []
  const show = (shown: string, client = 'a', protocols: string | null = null): void => {
    const headers: Record<string, string | null> = {
      host: 'localhost',
      authorization: `Bearer ${shown}`,
      'sec-websocket-protocol': protocols
    }
    const verdict = line(client, () =>
      gate({
        kind: protocols === null ? 'request' : 'socket',
        method: 'GET',
        path: '/api/2.0/mlflow/runs/get',
        remoteAddress: client,
        header: (name) => headers[name] ?? null
      })
    )
    const note = (said: Verdict): number =>
      answered.push(`${client} ${shown} ${said.isAllowed ? 200 : said.response.status}`)
    if (verdict instanceof Promise) void verdict.then(note)
    else note(verdict)
  }
  return { show, answered }
}

describe('the line at the host’s token', () => {
  it('[GL1] keeps nobody waiting while nobody guesses', () => {
    const { show, answered } = linedUp()
    for (let count = 0; count < 100; count++) show(TOKEN)
    expect(answered).toHaveLength(100)
  })

  it('[GL2] looks at one wrong token a pause, from however many addresses they come', async () => {
    const { show, answered } = linedUp()
    for (let count = 0; count < 40; count++) show(`guess-${count}`, `client-${count % 8}`)
    await vi.advanceTimersByTimeAsync(9 * PAUSE)
    expect(answered).toHaveLength(10)
    await vi.advanceTimersByTimeAsync(40 * PAUSE)
    expect(answered).toHaveLength(40)
    expect(answered.every((one) => one.endsWith('401'))).toBe(true)
  })

  it('[GL3] lets a right token in when its turn comes, also from the address the guesses come from', async () => {
    const { show, answered } = linedUp()
    for (let count = 0; count < 5; count++) show(`guess-${count}`)
    show(TOKEN)
    for (let count = 5; count < 50; count++) show(`guess-${count}`)
    await vi.advanceTimersByTimeAsync(5 * PAUSE)
    expect(answered).toContain(`a ${TOKEN} 200`)
  })

  it('[GL4] lets addresses take turns: one that guesses much makes another wait little', async () => {
    const { show, answered } = linedUp()
    for (let count = 0; count < 500; count++) show(`guess-${count}`)
    for (let count = 0; count < 20; count++) show(TOKEN, 'b')
    await vi.advanceTimersByTimeAsync(PAUSE)
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(answered.filter((one) => one === `b ${TOKEN} 200`)).toHaveLength(20)
  })

  it('[GL5] knows a wrong token again, alone and beside others', async () => {
    const { show, answered } = linedUp()
    show('old')
    await vi.advanceTimersByTimeAsync(PAUSE)
    for (let count = 0; count < 100; count++) show('old')
    expect(answered).toHaveLength(101)
    const beside = (guess: string) => `runnel.v1, runnel.token.${Buffer.from(guess).toString('base64url')}`
    for (let count = 0; count < 3; count++) show('old', 'a', beside(`guess-${count}`))
    expect(answered).toHaveLength(102)
    await vi.advanceTimersByTimeAsync(2 * PAUSE)
    expect(answered).toHaveLength(104)
  })

  it('[GL6] is no longer than it may be, and stands before no token that nobody guesses', async () => {
    const { show, answered } = linedUp()
    for (let count = 0; count < HOST.waitingLooks + 2; count++) show(`guess-${count}`)
    expect(answered).toEqual(['a guess-0 401', `a guess-${HOST.waitingLooks + 1} 429`])
    const long = linedUp('k'.repeat(HOST.unguessableTokenLength))
    for (let count = 0; count < 100; count++) long.show(`guess-${count}`)
    expect(long.answered).toHaveLength(100)
  })
})
