/** The model registry as a part of a file, or of another store: what is said of models and versions, without any bytes beside it. */
import type { EpochMs } from '#lib/domain/time.ts'
import { msOfHlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { isOfRegistry, parseSubject, REGISTRY } from '#lib/domain/sync/subject.ts'
import { damaged } from '#lib/domain/zip/zip-reader.ts'
import type { Reader } from '../database.ts'
import type { Store } from '../store.ts'
import { latestOf, subjectsOfRoom } from '../sync/fact-rows.ts'
import { mergeFacts } from '../sync/merge.ts'
import { becomeNewWriter } from '../sync/new-writer.ts'
import { findRegistryRoom } from '../sync/registry-room.ts'
import { trackRegistry } from '../sync/registry-sharing.ts'
import type { MergeSource } from './merge-source.ts'
import type { FileProgress } from './progress.ts'

/** What came of the registry. */
export interface MergedRegistry {
  /** Versions that were not here before. */
  readonly newVersions: number
  readonly isChanged: boolean
  /** As of an experiment. */
  readonly aheadUntil: EpochMs | null
}

/** Whether there is, or was, anything in a store's registry. */
export async function hasRegistry(r: Reader): Promise<boolean> {
  const row = await r.db.selectFrom('registered_models').select('name').limit(1).executeTakeFirst()
  return row !== undefined || (await findRegistryRoom(r)) !== null
}

/** Nothing is taken before all of it has been read. Null where there is none. Fails with DATA_LOSS when it cannot be read. */
export async function mergeRegistry(
  store: Store,
  { registry }: MergeSource,
  progress: FileProgress
): Promise<MergedRegistry | null> {
  if (registry === null) return null
  const { subjects, latest } = await surveyed(registry)
  progress.begin('facts', subjects)
  await trackRegistry(store)
  const here = new Set(await store.read((r) => subjectsOfRoom(r, REGISTRY)))
  const changed = new Set<Subject>()
  let isAhead = false
  // A second time where this store turned out to be a copy of another, and writes under a name of its own from then on.
  for (let isCopy = true; isCopy;) {
    isCopy = false
    for await (const records of registry()) {
      const merged = await mergeFacts(store, REGISTRY, records)
      for (const subject of merged.changed) changed.add(subject)
      isAhead ||= merged.isAhead
      isCopy ||= merged.isCopy
      progress.note(new Set(records.map(({ subject }) => subject)).size)
    }
    if (isCopy) await becomeNewWriter(store)
  }
  return {
    newVersions: [...changed].filter((subject) => subject.startsWith('v') && !here.has(subject)).length,
    isChanged: changed.size > 0,
    aheadUntil: isAhead ? msOfHlc(latest) : null
  }
}

async function surveyed(registry: NonNullable<MergeSource['registry']>) {
  const subjects = new Set<Subject>()
  let latest = 0
  for await (const records of registry())
    for (const { subject, facts } of records) {
      const of = parseSubject(subject)
      if (of === null || !isOfRegistry(of)) throw damaged('facts in it are of no model')
      subjects.add(subject)
      latest = Math.max(latest, latestOf(facts))
    }
  return { subjects: subjects.size, latest }
}
