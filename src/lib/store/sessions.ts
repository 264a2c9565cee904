import type { WireError } from '#lib/domain/errors.ts'
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

/** Operations of a session that the rules turned down for one reason: `n` in a row, from number `from` on. */
export interface KeptRefusal {
  readonly from: number
  readonly n: number
  readonly error: WireError
}

/** The last refusals of a session, oldest first: whoever logged them may have lost the connection before hearing of it. */
export async function sessionRefusals(r: Reader, session: string): Promise<KeptRefusal[]> {
  const row = await r.db
    .selectFrom('runnel_sessions')
    .select('refused')
    .where('session', '=', session)
    .executeTakeFirst()
  return row?.refused ? (JSON.parse(row.refused) as KeptRefusal[]) : []
}

/** In the same transaction as the operations themselves: that is what makes a resend harmless. */
export async function advanceSession(
  tx: Tx,
  session: string,
  upTo: number,
  refused: readonly KeptRefusal[] = []
): Promise<void> {
  const news = refused.length === 0 ? {} : { refused: await withOlder(tx, session, refused) }
  await tx.db
    .insertInto('runnel_sessions')
    .values({ session, high_water_mark: upTo, last_time: tx.now, ...news })
    .onConflict((conflict) =>
      conflict.column('session').doUpdateSet({ high_water_mark: upTo, last_time: tx.now, ...news })
    )
    .execute()
}

async function withOlder(tx: Tx, session: string, refused: readonly KeptRefusal[]): Promise<string> {
  const cut = refused.map(({ from, n, error }) => {
    const message = error.message.slice(0, BRIDGE.keptRefusalLength)
    return { from, n, error: { code: error.code, message } }
  })
  return JSON.stringify([...(await sessionRefusals(tx, session)), ...cut].slice(-BRIDGE.keptRefusals))
}

/** Forget sessions not heard of for so long that nobody will resend. */
export async function forgetOldSessions(tx: Tx): Promise<void> {
  await tx.db
    .deleteFrom('runnel_sessions')
    .where('last_time', '<', tx.now - BRIDGE.sessionKeptMs)
    .execute()
}
