import { isPurged, winnersOf } from '#lib/domain/sync/cells.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import type { Reader } from '../database.ts'
import { factsOf } from './fact-rows.ts'
import { findWriter } from './replica.ts'

/** Whether a subject was deleted for good, by anybody. */
export async function isGone(r: Reader, subject: Subject): Promise<boolean> {
  const known = (await factsOf(r, await findWriter(r), [subject])).get(subject)
  return known !== undefined && isPurged(winnersOf(known.all))
}
