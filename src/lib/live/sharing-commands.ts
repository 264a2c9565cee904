import { validateComment, type CommentPoint } from '#lib/domain/comment.ts'
import { invalid } from '#lib/domain/errors.ts'
import { parseExperimentId, parseRunId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { validateMetricKey } from '#lib/domain/validate.ts'
import { addComment, deleteComment, editComment } from '#lib/store/comments.ts'
import type { Store } from '#lib/store/store.ts'
import type { Commands } from './protocol.ts'
import type { NewShare, Sharing } from './sharing.ts'

type SharingCommands = Pick<
  Commands,
  | 'shareExperiment'
  | 'revokeShare'
  | 'stopSharing'
  | 'joinShared'
  | 'setPersonName'
  | 'setSyncHost'
  | 'retrySync'
  | 'keepOffline'
  | 'addComment'
  | 'editComment'
  | 'deleteComment'
>

export function createSharingCommands(store: Store, sharing: Sharing): SharingCommands {
  return {
    shareExperiment: (id, share) => sharing.share(parseExperimentId(id), newShare(share)),
    revokeShare: (id, shareId) => sharing.revokeShare(parseExperimentId(id), text(shareId, 'A link has an id.')),
    stopSharing: (id) => sharing.stopSharing(parseExperimentId(id)),
    joinShared: (link, withCopy) => sharing.join(text(link, 'A link is a text.'), withCopy === true),
    setPersonName: (name) => {
      if (text(name, 'A name is a text.').length > LIMITS.personNameLength)
        throw invalid(`A name has at most ${LIMITS.personNameLength} characters.`)
      return sharing.setPersonName(name.trim())
    },
    setSyncHost: (host) => sharing.setHost(host),
    retrySync: () => sharing.retry(),
    keepOffline: (id, on) => sharing.keepOffline(parseExperimentId(id), on),
    addComment: async (runId, words, point) => {
      validateComment(text(words, 'A comment is a text.'))
      const { personName: author } = await sharing.settings()
      return store.write((tx) => addComment(tx, parseRunId(runId), { author, text: words, point: pointOf(point) }))
    },
    editComment: (runId, id, words) => {
      validateComment(text(words, 'A comment is a text.'))
      return store.write((tx) => editComment(tx, parseRunId(runId), id, words))
    },
    deleteComment: (runId, id) => store.write((tx) => deleteComment(tx, parseRunId(runId), id))
  }
}

function text(value: unknown, otherwise: string): string {
  if (typeof value !== 'string') throw invalid(otherwise)
  return value
}

function newShare({ role, name, expiresTime }: NewShare): NewShare {
  if (role !== 'viewer' && role !== 'editor') throw invalid('A link is for viewers or for editors.')
  if (typeof name !== 'string' || name.length > LIMITS.personNameLength)
    throw invalid(`A link's name has at most ${LIMITS.personNameLength} characters.`)
  if (expiresTime !== null && !Number.isSafeInteger(expiresTime)) throw invalid('A link ends at a time, or never.')
  return { role, name, expiresTime }
}

function pointOf(point: CommentPoint | null): CommentPoint | null {
  if (point === null) return null
  validateMetricKey(point.key)
  if (!Number.isSafeInteger(point.step)) throw invalid('A point has a step.')
  return { key: point.key, step: point.step }
}
