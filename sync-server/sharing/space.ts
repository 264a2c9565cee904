import { hostname } from 'node:os'
import type { Message } from '#lib/api/wire/json.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { getExperiments } from '#lib/store/experiments.ts'
import { searchExperiments } from '#lib/store/search/experiments.ts'
import type { Reader } from '#lib/store/database.ts'
import type { Store } from '#lib/store/store.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { experimentsOf, type Rights } from './rights.ts'

/** What GET SPACE_PATH answers: what the space is, and what of it these rights reach. Experiments in the trash are among them, and say so. */
export const describeSpace = async (
  store: Pick<Store, 'read'>,
  { id, now }: { readonly id: string; readonly now: number },
  rights: Rights
): Promise<Message> => {
  const reached = experimentsOf(rights)
  const experiments = await store.read(async (r) =>
    reached === null ? searchExperiments(r, everything) : getExperiments(r, [...(await experimentsNamed(r, reached))])
  )
  return {
    id,
    name: hostname(),
    server_time: now,
    role: rights.claims.role,
    rooms: rights.claims.rooms,
    experiments: experiments.map(({ experimentId, name, lifecycleStage }) => ({
      experiment_id: experimentId,
      name,
      lifecycle_stage: lifecycleStage
    }))
  }
}

const everything = { filter: null, orderBy: [], view: 'ALL', limit: Number.MAX_SAFE_INTEGER - 1, offset: 0 } as const

/** The experiments of this store that go by some numbers in rooms: their own may be others here. */
export const experimentsNamed = async (r: Reader, ids: ReadonlySet<string>): Promise<Set<ExperimentId>> =>
  new Set((await listRooms(r)).filter(({ sharedId }) => ids.has(sharedId)).map(({ experimentId }) => experimentId))
