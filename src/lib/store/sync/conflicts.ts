import type { RunId } from '#lib/domain/ids.ts'
import { paramConflicts, type ParamConflict } from '#lib/domain/sync/cells.ts'
import { runSubject } from '#lib/domain/sync/subject.ts'
import type { Reader } from '../database.ts'
import { factsOf } from './fact-rows.ts'
import { findWriter } from './replica.ts'

/** Params of a run that several stores set to several values, in the order of their keys. Of what is not shared there are none. */
export async function conflictsOf(r: Reader, runId: RunId): Promise<ParamConflict[]> {
  const subject = runSubject(runId)
  const known = (await factsOf(r, await findWriter(r), [subject])).get(subject)
  return known === undefined ? [] : paramConflicts(known.all)
}
