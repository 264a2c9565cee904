import type { Reader } from './database.ts'

/** How much there is of everything, the trash included. */
export async function totals(
  r: Reader
): Promise<{ readonly experimentCount: number; readonly runCount: number; readonly pointCount: number }> {
  const count = async (table: 'experiments' | 'runs') =>
    (
      await r.db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  const points = await r.db
    .selectFrom('latest_metrics')
    .select(({ fn }) => fn.sum<number | null>('point_count').as('n'))
    .executeTakeFirstOrThrow()
  return { experimentCount: await count('experiments'), runCount: await count('runs'), pointCount: points.n ?? 0 }
}
