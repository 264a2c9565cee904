import { isSameJson } from '#lib/domain/json.ts'
import type { Winners } from '#lib/domain/sync/cells.ts'
import type { Facts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import type { SubjectOf } from '#lib/domain/sync/subject.ts'
import type { Changed } from './run-rows.ts'
import type { Standing } from './standing.ts'

/** What becomes of a subject of which news came. */
export interface Outcome {
  readonly subject: Subject
  readonly of: SubjectOf
  readonly before: Winners
  readonly after: Winners
  /** Where it stood; null when nobody had said anything of it. */
  readonly standing: Standing | null
  /** What writers said, where there is news of it. */
  readonly records: readonly { readonly writer: Writer; readonly facts: Facts }[]
  /** What came of it, with how many facts of its writer were here. */
  readonly news: readonly { readonly facts: Facts; readonly had: number }[]
}

export const changedOf = <Id>({ before, after }: Outcome, id: Id): Changed<Id> => ({
  id,
  winners: after,
  fields: [...after]
    .filter(([field, said]) => !isSameJson(before.get(field)?.value, said.value))
    .map(([field]) => field)
})
