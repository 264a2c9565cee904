/** What of a room could not be taken, in words for a person, or for a host's log. */
import { parseSubject } from '#lib/domain/sync/subject.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'

export class LeftOut {
  /** Why, by subject. */
  readonly #unreadable = new Map<Subject, string>()

  /** It is looked at again. */
  forget(subject: Subject): void {
    this.#unreadable.delete(subject)
  }

  noteUnreadable(unreadable: readonly { readonly subject: Subject; readonly error: Error }[]): void {
    for (const { subject, error } of unreadable) this.#unreadable.set(subject, error.message)
  }

  /** The same while it is the same, so that it can be said once; null when all was taken. */
  get problem(): string | null {
    const [first] = this.#unreadable
    if (first === undefined) return null
    const [subject, why] = first
    const rest = this.#unreadable.size - 1
    const others = rest === 0 ? '' : ` So is something of ${rest} more.`
    return `Something that was said of ${nameOf(subject)} cannot be read, and is left out.${others} ${why}`
  }
}

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
