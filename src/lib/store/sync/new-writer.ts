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
    if (old === null) return
    const said = new Map<Subject, readonly WriterFacts[]>()
    for (const part of chunks(await subjectsSaid(tx, old)))
      for (const [subject, { all }] of await factsOf(tx, old, part))
        said.set(
          subject,
          all.filter(({ writer }) => writer === old)
        )
    await tx.db.deleteFrom('runnel_facts').where('writer', '=', old).execute()
    await tx.db.deleteFrom('runnel_writers').where('writer', '=', old).execute()
    await dropAllFrames(tx)
    await sayAnew(tx, said)
  })
}

/** Of which something was said under the name in use. */
async function subjectsSaid(tx: Tx, writer: Writer): Promise<Subject[]> {
  const subjects = new Set(await subjectsInOutbox(tx))
  const rows = await tx.db.selectFrom('runnel_facts').select('subject').where('writer', '=', writer).execute()
  for (const row of rows) subjects.add(row.subject as Subject)
  return [...subjects]
}

/**
 * Say under the name in use, which has said nothing of these subjects yet, what was said before under others.
 *
 * timeOf  when it is said to have been, of when it was
 */
export async function sayAnew(
  tx: Tx,
  said: ReadonlyMap<Subject, readonly WriterFacts[]>,
  timeOf: (hlc: Hlc) => Hlc = (hlc) => hlc
): Promise<void> {
  if (said.size === 0) return
  const writer = await requireWriter(tx)
  await putRecords(
    tx,
    [...said].map(([subject, all]) => ({ subject, writer, facts: asOne(all, timeOf) }))
  )
}

function asOne(own: readonly WriterFacts[], timeOf: (hlc: Hlc) => Hlc): Facts {
  const cells = [...winnersOf(own)].map(([field, { value, hlc }]) => ({ field, value, hlc: timeOf(hlc) }))
  const keys = new Set(own.flatMap(({ facts }) => facts.series.map(({ key }) => key)))
  const series = [...keys].sort().map((key): SeriesFacts => ({ key, to: 1, points: null, sealed: null }))
  return { from: 1, to: 1, cells: cells.sort((a, b) => (a.field < b.field ? -1 : 1)), series }
}
