/**
 * The same join, where part of what came may be such that nobody can merge it.
 *
 *   all at once ─► fails by what was said ─► each half by itself ─► … ─► one subject, a writer at a time ─► that writer is passed over
 *
 * One store's mistake, or one person's mischief, keeps nobody from the rest. What storage refuses is another matter: it is thrown on, since the
 * same facts are fine another time.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '../store.ts'
import { mergeFacts, type Incoming, type Merged } from './merge.ts'

/** What one writer said of one subject, and why it cannot be merged. */
export interface Unreadable {
  readonly subject: Subject
  readonly writer: Writer
  readonly error: Error
}

export interface MergedReadable extends Merged {
  /** Passed over. It is tried again when it comes again. */
  readonly unreadable: readonly Unreadable[]
}

/** Let facts of other stores become facts and rows of this one, as far as they can be read. Fails as the store does; see mergeFacts. */
export async function mergeReadable(
  store: Store,
  room: SharedId,
  incoming: readonly Incoming[]
): Promise<MergedReadable> {
  try {
    return { ...(await mergeFacts(store, room, incoming)), unreadable: [] }
  } catch (error) {
    if (!isOfTheData(error)) throw error
    const bySubject = [...Map.groupBy(incoming, ({ subject }) => subject).values()]
    if (bySubject.length === 1) return mergeByWriter(store, room, bySubject[0]!, error)
    const middle = bySubject.length >> 1
    const first = await mergeReadable(store, room, bySubject.slice(0, middle).flat())
    return both(first, await mergeReadable(store, room, bySubject.slice(middle).flat()))
  }
}

/** Others may have said of the same subject what is fine. How it began may come after what builds on that: so twice. */
async function mergeByWriter(
  store: Store,
  room: SharedId,
  incoming: readonly Incoming[],
  error: Error
): Promise<MergedReadable> {
  const byWriter = [...Map.groupBy(incoming, ({ writer }) => writer).values()]
  const { subject, writer } = incoming[0]!
  if (byWriter.length === 1) return { ...NOTHING, unreadable: [{ subject, writer, error }] }
  let total: MergedReadable = NOTHING
  const waiting: (readonly Incoming[])[] = []
  for (const own of byWriter) {
    const merged = await mergeReadable(store, room, own)
    total = both(total, { ...merged, waiting: [] })
    if (merged.waiting.length > 0) waiting.push(own)
  }
  for (const own of waiting) total = both(total, await mergeReadable(store, room, own))
  return total
}

const NOTHING: MergedReadable = { changed: [], waiting: [], isAhead: false, isCopy: false, unreadable: [] }

const both = (a: MergedReadable, b: MergedReadable): MergedReadable => ({
  changed: [...a.changed, ...b.changed],
  waiting: [...a.waiting, ...b.waiting],
  isAhead: a.isAhead || b.isAhead,
  isCopy: a.isCopy || b.isCopy,
  unreadable: [...a.unreadable, ...b.unreadable]
})

/**
 * Whether it is of what was merged, and another try ends the same way. What no storage says: a damaged chunk, a value that is none, a row that
 * cannot stand beside another, one that our own code did not foresee.
 */
function isOfTheData(error: unknown): error is Error {
  if (error instanceof RunnelError) return error.code === 'DATA_LOSS' || error.code === 'INVALID_PARAMETER_VALUE'
  if (!(error instanceof Error)) return false
  return error instanceof TypeError || /constraint failed|^Assertion failed|call stack|recursion/.test(error.message)
}
