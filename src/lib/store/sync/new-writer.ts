import { winnersOf, type WriterFacts } from '#lib/domain/sync/cells.ts'
import type { Facts, SeriesFacts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import type { Hlc } from '#lib/domain/sync/clock.ts'
import type { Tx } from '../database.ts'
import type { Store } from '../store.ts'
import { chunks } from '../chunks.ts'
import { dropAllFrames, factsOf, putRecords, subjectsInOutbox } from './fact-rows.ts'
import { findWriter, requireWriter } from './replica.ts'

/**
 * Somebody knows more of what is said under this store's name than it does, so it was not it who said it. It takes a new name, and says
 * under it all that it had said since it was opened. What stands under the old name comes as from anybody.
 */
export async function becomeNewWriter(store: Store): Promise<void> {
  await store.write(async (tx) => {
    const old = await findWriter(tx)
    if (old !== null) await sayAnew(tx, new Set([old]))
  })
}

/**
 * Say under a new name what was said under some of this store's, the one in use among them; they are this store's no longer.
 *
 * timeOf  when it is said to have been, of when it was
 */
export async function sayAnew(
  tx: Tx,
  names: ReadonlySet<Writer>,
  timeOf: (hlc: Hlc) => Hlc = (hlc) => hlc
): Promise<void> {
  const known = new Map<Subject, readonly WriterFacts[]>()
  const self = await findWriter(tx)
  for (const part of chunks(await subjectsSaid(tx, names)))
    for (const [subject, { all }] of await factsOf(tx, self, part))
      known.set(
        subject,
        all.filter(({ writer }) => names.has(writer))
      )
  for (const part of chunks([...names])) {
    await tx.db.deleteFrom('runnel_facts').where('writer', 'in', part).execute()
    await tx.db.deleteFrom('runnel_writers').where('writer', 'in', part).execute()
  }
  await dropAllFrames(tx)
  if (known.size === 0) return
  const writer = await requireWriter(tx)
  await putRecords(
    tx,
    [...known].map(([subject, own]) => ({ subject, writer, facts: asOne(own, timeOf) }))
  )
}

/** Of which something was said under some names. */
export async function subjectsSaid(tx: Tx, names: ReadonlySet<Writer>): Promise<Subject[]> {
  const subjects = new Set(await subjectsInOutbox(tx))
  for (const part of chunks([...names])) {
    const rows = await tx.db.selectFrom('runnel_facts').select('subject').where('writer', 'in', part).execute()
    for (const row of rows) subjects.add(row.subject as Subject)
  }
  return [...subjects]
}

function asOne(own: readonly WriterFacts[], timeOf: (hlc: Hlc) => Hlc): Facts {
  const cells = [...winnersOf(own)].map(([field, { value, hlc }]) => ({ field, value, hlc: timeOf(hlc) }))
  const keys = new Set(own.flatMap(({ facts }) => facts.series.map(({ key }) => key)))
  const series = [...keys].sort().map((key): SeriesFacts => ({ key, to: 1, points: null, sealed: null }))
  return { from: 1, to: 1, cells: cells.sort((a, b) => (a.field < b.field ? -1 : 1)), series }
}
