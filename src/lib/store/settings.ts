import type { Reader, Tx } from './database.ts'

/** Settings of the store itself, by name. What a page keeps for itself (theme, columns) is the page's business. */
export async function readSetting(r: Reader, name: string): Promise<string | null> {
  const row = await r.db.selectFrom('runnel_settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? null
}

export async function writeSetting(tx: Tx, name: string, value: string): Promise<void> {
  await tx.db
    .insertInto('runnel_settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
  tx.changes.add('setting')
}
