import type { Reader } from './database.ts'

export interface Totals {
  readonly experimentCount: number
  readonly runCount: number
  readonly pointCount: number
  /** Bytes of points that are sealed; the others are in the database. */
  readonly sealedBytes: number
}

/** How much there is of everything, the trash included. */
export async function totals(r: Reader): Promise<Totals> {
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
  const sealed = await r.db
    .selectFrom('runnel_chunks')
    .select(({ fn }) => fn.sum<number | null>('blob_length').as('n'))
    .where('blob_id', 'is not', null)
    .executeTakeFirstOrThrow()
  return {
    experimentCount: await count('experiments'),
    runCount: await count('runs'),
    pointCount: points.n ?? 0,
    sealedBytes: sealed.n ?? 0
  }
}
