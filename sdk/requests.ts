import type { Req, Res } from '#lib/bridge/protocol.ts'
import { quietly } from './fate.ts'

interface Waiting {
  readonly req: Req
  readonly answer: (res: Res) => void
  readonly fail: (error: Error) => void
}

/** REST requests on their way over a port that may be lost: each is sent again on the next one until it is answered. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #send: ((req: Req) => void) | null = null

  make(method: string, path: string, body: string | null): Promise<Res> {
    return quietly(
      new Promise((answer, fail) => {
        const req: Req = { t: 'req', id: ++this.#last, method, path, body }
        this.#waiting.set(req.id, { req, answer, fail })
        this.#send?.(req)
      })
    )
  }

  /** How many have not been answered. */
  get count(): number {
    return this.#waiting.size
  }

  answered(res: Res): void {
    this.#waiting.get(res.id)?.answer(res)
    this.#waiting.delete(res.id)
  }

  connected(send: (req: Req) => void): void {
    this.#send = send
    for (const { req } of this.#waiting.values()) send(req)
  }

  disconnected(): void {
    this.#send = null
  }

  fail(error: Error): void {
    for (const { fail } of this.#waiting.values()) fail(error)
    this.#waiting.clear()
  }
}
