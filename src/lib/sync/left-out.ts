/** What of a room could not be taken, in words for a person, or for a host's log. */
import { parseSubject } from '#lib/domain/sync/subject.ts'
import { msOfHlc, type Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'

export class LeftOut {
  /** Why, by subject. */
  readonly #unreadable = new Map<Subject, string>()

  /** When it is said to have been said, by subject. */
  readonly #ahead = new Map<Subject, Hlc>()

  /** It is looked at again. */
  forget(subject: Subject): void {
    this.#unreadable.delete(subject)
    this.#ahead.delete(subject)
  }

  noteAhead(subject: Subject, hlc: Hlc): void {
    this.#ahead.set(subject, Math.max(hlc, this.#ahead.get(subject) ?? 0))
  }

  /** Of which something is left until its time has come. */
  get ahead(): ReadonlySet<Subject> {
    return new Set(this.#ahead.keys())
  }

  noteUnreadable(unreadable: readonly { readonly subject: Subject; readonly error: Error }[]): void {
    for (const { subject, error } of unreadable) this.#unreadable.set(subject, error.message)
  }

  /** The same while it is the same, so that it can be said once; null when all was taken. */
  get problem(): string | null {
    const [unreadable] = this.#unreadable
    if (unreadable !== undefined) {
      const [subject, why] = unreadable
      return `${something(subject, this.#unreadable.size)} cannot be read, and is left out. ${why}`
    }
    const [ahead] = this.#ahead
    if (ahead === undefined) return null
    const [subject, hlc] = ahead
    const time = new Date(msOfHlc(hlc)).toISOString().slice(0, 16).replace('T', ' ')
    return `${something(subject, this.#ahead.size)} is of a time to come, ${time} UTC, and is left until then. A clock is wrong: of whoever said it, or this one.`
  }
}

const something = (subject: Subject, count: number): string =>
  `Something that was said of ${nameOf(subject)}${count === 1 ? '' : `, and of ${count - 1} more,`}`

const KINDS: Readonly<Record<string, string>> = {
  experiment: 'the experiment',
  run: 'the run',
  'logged-model': 'the logged model',
  'registered-model': 'the model',
  'model-version': 'the model version'
}

function nameOf(subject: Subject): string {
  const of = parseSubject(subject)
  return of === null ? 'something not known here' : `${KINDS[of.kind]} ${of.id}`
}
