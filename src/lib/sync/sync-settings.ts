/** What this store knows of hosts: who it is to them, and by what it may join. Secrets, so nothing but this reads it. */
import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Store } from '#lib/store/store.ts'
import { readSetting, writeSetting } from '#lib/store/settings.ts'
import type { Credential } from './host-link.ts'

const SETTING = 'sync'

export interface HostSetting {
  /** An origin. */
  readonly address: string
  /** Its owner's token; '' for a host that asks for none. */
  readonly token: string
}

export interface SyncSettingsKept {
  /** Names this browser to hosts. */
  readonly client: string
  readonly personName: string
  readonly host: HostSetting | null
  /** Capabilities of links, by the room they are for. */
  readonly links: Readonly<Record<string, string>>
  /** What the Default experiment of the pages' own host goes by here. */
  readonly ownDefault: ExperimentId | null
}

export async function readSyncSettings(store: Store): Promise<SyncSettingsKept> {
  const text = await store.read((r) => readSetting(r, SETTING))
  const kept = text === null ? {} : (JSON.parse(text) as Partial<SyncSettingsKept>)
  return {
    client: kept.client ?? crypto.randomUUID(),
    personName: kept.personName ?? '',
    host: kept.host ?? null,
    links: kept.links ?? {},
    ownDefault: kept.ownDefault ?? null
  }
}

export async function writeSyncSettings(store: Store, settings: SyncSettingsKept): Promise<void> {
  await store.write((tx) => writeSetting(tx, SETTING, JSON.stringify(settings)))
}

/** By what a room is joined: the link's capability, or as the owner. */
export const credentialFor = ({ host, links }: SyncSettingsKept, room: string): Credential => {
  const capability = links[room]
  return capability === undefined ? { kind: 'owner', secret: host?.token ?? '' } : { kind: 'link', secret: capability }
}
