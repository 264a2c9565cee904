/**
 * Sharing, as pages see it and as a host provides it. A browser's host shares through another host, over the network; a Node host is one, and
 * shares by itself.
 */
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { EpochMs } from '#lib/domain/time.ts'

export type ShareRole = 'viewer' | 'editor'
export type RoomRole = ShareRole | 'owner'

/**
 * How this store and the host it shares through stand:
 *
 *   synced      all that was said on either side is on both     connecting  being tried
 *   syncing     something is on its way                         offline     the host cannot be reached; it is tried again
 *   refused     the host says no, for the reason given: it is not tried again until somebody does something
 */
export type SyncState = 'synced' | 'syncing' | 'connecting' | 'offline' | 'refused'

/** Somebody who looks at a shared experiment, of one browser or program. What they call themselves is their own word. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly role: RoomRole
  /** Of this store. */
  readonly isSelf: boolean
  /** Null where they only look at the experiment. */
  readonly runId: RunId | null
}

export interface ShareLink {
  readonly id: string
  /** For whom, in the words of who made it; may be empty. */
  readonly name: string
  readonly role: ShareRole
  readonly createdTime: EpochMs
  /** Null for never. */
  readonly expiresTime: EpochMs | null
  readonly uses: number
  readonly lastUsedTime: EpochMs | null
}

/** Files and sealed points of a shared experiment that are here, in bytes. */
export interface OfflineProgress {
  readonly haveBytes: number
  readonly allBytes: number
  /** Whether the rest is being fetched. */
  readonly isFetching: boolean
}

/** One experiment. */
export interface SharingView {
  /** Null while it is not shared. */
  readonly role: RoomRole | null
  /** The address of the host it is shared through; null for the host that was asked, and while it is not shared. */
  readonly host: string | null
  readonly sync: SyncState
  /** Changes made here that the host does not have yet, in runs (and the experiment itself). */
  readonly pending: number
  /** Why it is refused, or what went wrong; for people. */
  readonly problem: string | null
  readonly people: readonly Person[]
  /** Known to owners alone, and only while the host can be reached: else null. */
  readonly links: readonly ShareLink[] | null
  readonly offline: OfflineProgress
}

/** One of what is shared, for lists. All but `people` as of SharingView. */
export interface SharedExperiment {
  readonly experimentId: ExperimentId
  readonly role: RoomRole
  readonly host: string | null
  readonly sync: SyncState
  readonly pending: number
  readonly problem: string | null
  /** Others that look at it now. */
  readonly people: number
}

/** All that is shared, for the status line. Null when nothing is. */
export interface SyncView {
  readonly sync: SyncState
  readonly pending: number
  readonly problem: string | null
  readonly host: string | null
  /** Others that are there now: each of them once, wherever they look. */
  readonly people: number
  readonly experiments: readonly SharedExperiment[]
}

export interface NewShare {
  readonly role: ShareRole
  readonly name: string
  readonly expiresTime: EpochMs | null
}

/** A host this store may share through. */
export interface SyncHost {
  /** Its origin. */
  readonly address: string
  /** Whether a token of its owner is kept for it: the token itself is not told. */
  readonly hasToken: boolean
}

export interface SyncSettings {
  /** What others see of this person. */
  readonly personName: string
  /** Null when none was chosen, and this page's own host is none. */
  readonly host: SyncHost | null
  /**
   * What the Default experiment of the host that serves the pages goes by in this store, which has one of its own; null when it is not here,
   * and on that host.
   */
  readonly ownDefault: ExperimentId | null
}

/** What a live host shares by. Each rejects with a RunnelError that says what to do. */
export interface Sharing {
  view(id: ExperimentId): Promise<SharingView>
  summary(): Promise<SyncView | null>
  settings(): Promise<SyncSettings>
  /** Share an experiment, or make another link to it. Resolves with the link, which is told this once. */
  share(id: ExperimentId, share: NewShare): Promise<{ readonly link: string; readonly share: ShareLink }>
  /** Whoever came by this link is sent away at once. */
  revokeShare(id: ExperimentId, shareId: string): Promise<void>
  /** For owners: all links end, and everybody is sent away. For others: it is no longer followed. What is here stays. */
  stopSharing(id: ExperimentId): Promise<void>
  /**
   * Join what a link is for. Resolves once something of it can be shown; at once where it is followed already and the link gives no more.
   *
   * withCopy  a copy that is here, and this store's own, becomes one with it
   * fails     with RESOURCE_ALREADY_EXISTS when there is such a copy and nobody said so; INVALID_STATE when it is followed through another host
   */
  join(link: string, withCopy: boolean): Promise<ExperimentId>
  setPersonName(name: string): Promise<void>
  /** `token` null keeps the one that is known for the address. */
  setHost(host: { readonly address: string; readonly token: string | null } | null): Promise<void>
  /** Try again what was refused or could not be reached. */
  retry(): Promise<void>
  /** Fetch every file and all sealed points; false stops it. */
  keepOffline(id: ExperimentId, on: boolean): Promise<void>
  /** A page looks here, until the function it got is called. Resolves when it is told; nobody is told of what is not shared. */
  present(id: ExperimentId, runId: RunId | null): Promise<() => void>
  /**
   * Edit a note together, over a port that speaks y-protocols (sync and awareness), until either end closes it. `runId` null for the
   * experiment's own note.
   */
  openNote(port: MessagePort, id: ExperimentId, runId: RunId | null): Promise<void>
  /** Called whenever a view, the summary or the settings may be other than they were. */
  onChange(listener: () => void): () => void
}
