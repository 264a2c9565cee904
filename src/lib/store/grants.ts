import type { EpochMs } from '#lib/domain/time.ts'
import type { Reader, Tx } from './database.ts'

/** An origin that may log into this store. */
export interface Grant {
  readonly origin: string
  readonly createdTime: EpochMs
  readonly lastUsedTime: EpochMs
}

/** Newest use first. */
export async function listGrants(r: Reader): Promise<Grant[]> {
  const rows = await r.db
    .selectFrom('runnel_grants')
    .selectAll()
    .orderBy('last_used_time', 'desc')
    .orderBy('origin')
    .execute()
  return rows.map((row) => ({ origin: row.origin, createdTime: row.created_time, lastUsedTime: row.last_used_time }))
}

export async function hasGrant(r: Reader, origin: string): Promise<boolean> {
  return (
    (await r.db.selectFrom('runnel_grants').select('origin').where('origin', '=', origin).executeTakeFirst()) !==
    undefined
  )
}

/** Allow an origin, or note that an allowed one was used. */
export async function grantOrigin(tx: Tx, origin: string): Promise<void> {
  await tx.db
    .insertInto('runnel_grants')
    .values({ origin, created_time: tx.now, last_used_time: tx.now })
    .onConflict((conflict) => conflict.column('origin').doUpdateSet({ last_used_time: tx.now }))
    .execute()
  tx.changes.add('grant')
}

export async function revokeGrant(tx: Tx, origin: string): Promise<void> {
  await tx.db.deleteFrom('runnel_grants').where('origin', '=', origin).execute()
  tx.changes.add('grant')
}
