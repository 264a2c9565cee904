import { BRIDGE } from '#lib/domain/limits.ts'
import type { Reader, Tx } from './database.ts'

/** The last durable operation of a notebook session; 0 when it is new. */
export async function sessionMark(r: Reader, session: string): Promise<number> {
  const row = await r.db
    .selectFrom('runnel_sessions')
    .select('high_water_mark')
    .where('session', '=', session)
    .executeTakeFirst()
  return row?.high_water_mark ?? 0
}

/** In the same transaction as the operations themselves: that is what makes a resend harmless. */
export async function advanceSession(tx: Tx, session: string, upTo: number): Promise<void> {
  await tx.db
    .insertInto('runnel_sessions')
    .values({ session, high_water_mark: upTo, last_time: tx.now })
    .onConflict((conflict) => conflict.column('session').doUpdateSet({ high_water_mark: upTo, last_time: tx.now }))
    .execute()
}

/** Forget sessions not heard of for so long that nobody will resend. */
export async function forgetOldSessions(tx: Tx): Promise<void> {
  await tx.db
    .deleteFrom('runnel_sessions')
    .where('last_time', '<', tx.now - BRIDGE.sessionKeptMs)
    .execute()
}
