/** A browser's store, as its worker opens it, in this process: real engine, real network, blobs in memory. */
import { systemClock } from '#lib/domain/time.ts'
import { FetchingBlobs } from '#lib/store/fetching-blobs.ts'
import { Store } from '#lib/store/store.ts'
import { StoreSharing } from '#lib/sync/store-sharing.ts'
import { createEngine, MemoryBlobs, MemoryJournal } from './engines.ts'

export interface BrowserStore {
  readonly store: Store
  readonly sharing: StoreSharing
  readonly journal: MemoryJournal
  readonly blobs: MemoryBlobs
  /** End as a browser does that is closed, and begin again with what is on disk. */
  readonly reopen: () => Promise<BrowserStore>
  readonly close: () => Promise<void>
}

/** `origin` is where its pages are from; `isOwnHost` when that is a host that keeps a store and asks for no token. */
export async function openBrowserStore(
  origin: string,
  { isOwnHost = false, kept }: { readonly isOwnHost?: boolean; readonly kept?: BrowserStore } = {}
): Promise<BrowserStore> {
  const journal = kept?.journal ?? new MemoryJournal(() => createEngine('sql.js'))
  const blobs = kept?.blobs ?? new MemoryBlobs(systemClock)
  const fetching = new FetchingBlobs(blobs)
  const store = await Store.open({ engine: await journal.recover(), journal, blobs: fetching, blobsHere: blobs })
  const sharing = new StoreSharing({
    store,
    blobs: fetching,
    origin,
    ownHost: () => Promise.resolve(isOwnHost ? { needsToken: false } : null)
  })
  const opened: BrowserStore = {
    store,
    sharing,
    journal,
    blobs,
    close: () => sharing.close(),
    reopen: async () => {
      await sharing.close()
      return openBrowserStore(origin, { isOwnHost, kept: opened })
    }
  }
  return opened
}
