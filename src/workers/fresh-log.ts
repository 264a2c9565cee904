import { deleteDB, openDB } from 'idb'

/**
 * Have the browser begin a new log file of its own under IndexedDB, before anything is acknowledged. `name`: a database nobody uses.
 *
 * Chromium keeps an origin's IndexedDB in LevelDB. A killed browser can leave the last record of LevelDB's log half written; the next start
 * passes over it and goes on writing to the same file, after it. The start after that finds the broken record in the middle, takes the whole
 * for corrupt and deletes every database of the origin. (Measured on Chromium 156: in 4 of 12 series of 10 to 50 kills the store was gone,
 * with `Corruption: checksum mismatch` in the browser's own log.) Deleting a database makes LevelDB write out what it holds and begin a new
 * log, so the broken record goes with the old one.
 */
export async function beginFreshLog(name: string): Promise<void> {
  try {
    const scratch = await openDB(name, 1)
    scratch.close()
    await deleteDB(name)
  } catch (error) {
    // On a full disk there is no room for it. The store is opened all the same: it can be read, and emptied.
    console.warn('Runnel: the browser did not begin a fresh log.', error)
  }
}
