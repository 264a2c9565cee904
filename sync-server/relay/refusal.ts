import { ROOM_CLOSE } from '#lib/sync/agreement.ts'

/** Why a connection is closed: one of the agreement's codes, and a sentence of at most 123 bytes, which is all a close can carry. */
export class Refusal extends Error {
  readonly closeCode: number

  constructor(closeCode: number, sentence: string) {
    super(sentence)
    this.name = 'Refusal'
    this.closeCode = closeCode
  }
}

export const malformed = (what: string): Refusal => new Refusal(ROOM_CLOSE.malformed, `Not taken: ${what}.`)
export const tooLarge = (what: string): Refusal => new Refusal(ROOM_CLOSE.tooLarge, `Not taken: ${what}.`)
export const badFact = (what: string): Refusal => new Refusal(ROOM_CLOSE.clock, `Not taken: ${what}.`)
export const viewerWrote = (): Refusal => new Refusal(ROOM_CLOSE.role, 'Viewers change nothing here.')
export const tooSoon = (): Refusal =>
  new Refusal(ROOM_CLOSE.tryLater, 'This room has more to look through than it can now.')
export const failed = (): Refusal => new Refusal(ROOM_CLOSE.tryLater, 'This room failed, and is opened anew.')
