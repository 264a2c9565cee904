import { RunnelError } from '#lib/domain/errors.ts'
import type { Sharing, SharingView } from './sharing.ts'

const PRIVATE: SharingView = {
  role: null,
  host: null,
  sync: 'synced',
  pending: 0,
  problem: null,
  people: [],
  links: null,
  offline: { haveBytes: 0, allBytes: 0, isFetching: false }
}

const refuse = (): Promise<never> =>
  Promise.reject(new RunnelError('NOT_IMPLEMENTED', 'Nothing can be shared from here.'))

/** Of a host that shares nothing. */
export const NO_SHARING: Sharing = {
  view: () => Promise.resolve(PRIVATE),
  summary: () => Promise.resolve(null),
  settings: () => Promise.resolve({ personName: '', host: null, ownDefault: null }),
  share: refuse,
  revokeShare: refuse,
  stopSharing: refuse,
  join: refuse,
  setPersonName: refuse,
  setHost: refuse,
  retry: () => Promise.resolve(),
  keepOffline: refuse,
  present: () => Promise.resolve(() => undefined),
  openNote: refuse,
  onChange: () => () => undefined
}
