import { basename, dirname, extname, join } from 'node:path'
import { SHARING } from '#lib/domain/limits.ts'
import type { FileWork } from '#lib/live/file-work.ts'
import type { Store } from '#lib/store/store.ts'
import type { StorePlace } from '../config.ts'
import { createRateLimit, type RateLimit } from '../gate/rate-limit.ts'
import { storeId } from '../store/store-place.ts'
import { BlobUploads } from './blob-uploads.ts'
import type { Rights } from './rights.ts'
import { createSyncRoutes, type SyncRoutes } from './routes.ts'
import { Sharing } from './sharing.ts'
import type { Snapshots } from './snapshot-route.ts'

export interface OpenSync {
  readonly sharing: Sharing
  readonly routes: SyncRoutes
  readonly rightsOf: (shown: string) => Promise<Rights | null>
  readonly wrongSecrets: RateLimit
  readonly close: () => void
}

export interface OpenSyncParts {
  readonly store: Store
  readonly place: Pick<StorePlace, 'databaseFile'>
  readonly hostToken: string | null
  readonly snapshots: Snapshots
  readonly files: FileWork
}

/** What a host has of sharing, in files beside its database: `<name>.sharing.db` and `<name>.uploads`. Neither is made before it is needed. */
export const openSync = async ({ store, place, hostToken, snapshots, files }: OpenSyncParts): Promise<OpenSync> => {
  const beside = (ending: string): string =>
    join(dirname(place.databaseFile), `${basename(place.databaseFile, extname(place.databaseFile))}.${ending}`)
  const sharing = new Sharing({ file: beside('sharing.db'), space: await storeId(store), hostToken, clock: store.now })
  const uploads = new BlobUploads(beside('uploads'), store.blobs, store.now)
  const wrongSecrets = createRateLimit({ perSecond: SHARING.wrongSecretsPerSecond, burst: SHARING.wrongSecrets })
  return {
    sharing,
    routes: createSyncRoutes({ sharing, store, uploads, snapshots, wrongSecrets, files }),
    rightsOf: (shown) => sharing.rightsOf(shown),
    wrongSecrets,
    close: () => sharing.close()
  }
}
