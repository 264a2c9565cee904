/**
 * One artifact to look at and to keep, in either space, fetched only as far as it is looked at.
 *
 * A browser's store hands out Blobs, which are read lazily. A host is asked over HTTP: the first bytes as a range, the whole only for what
 * is drawn whole, and a download straight to the disk.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { ModelId, RunId } from '#lib/domain/ids.ts'
import { artifactAddress } from '#lib/live/artifact-address.ts'
import type { Space } from '../shell/spaces.svelte.ts'
import { saveBlob, saveUrl } from './save-file.ts'

/** Whose artifacts: a run's, or those of one of its logged models. */
export interface ArtifactOwner {
  readonly runId: RunId
  readonly modelId?: ModelId
}

export interface ArtifactBytes {
  readonly size: number
  /** The first `count` bytes, or all when there are fewer. */
  first(count: number): Promise<Blob>
  whole(): Promise<Blob>
  /** Give it to the reader as a file. */
  save(): Promise<void>
}

/** Fails with a sentence for the reader when it is not there, or when nobody answers. */
export async function openArtifact(space: Space, owner: ArtifactOwner, path: string): Promise<ArtifactBytes> {
  if (space.live === null) throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The store is not open yet.')
  const { commands } = space.live
  const whole = (): Promise<Blob> => commands.readArtifact(owner.runId, path, owner.modelId)
  return space.kind === 'host'
    ? openOnHost({
        url: artifactAddress(owner.runId, path, owner.modelId),
        token: space.token?.text ?? null,
        path,
        whole
      })
    : openHere(await whole(), path)
}

const openHere = (blob: Blob, path: string): ArtifactBytes => ({
  size: blob.size,
  first: (count) => Promise.resolve(blob.slice(0, count)),
  whole: () => Promise.resolve(blob),
  save: () => Promise.resolve(saveBlob(blob, path))
})

interface OnHost {
  readonly url: string
  readonly token: string | null
  readonly path: string
  readonly whole: () => Promise<Blob>
}

async function openOnHost({ url, token, path, whole }: OnHost): Promise<ArtifactBytes> {
  const ask = async (init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (token !== null) headers.set('Authorization', `Bearer ${token}`)
    let response: Response
    try {
      response = await fetch(url, { ...init, headers })
    } catch {
      throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The host does not answer.')
    }
    if (!response.ok) throw await refusal(response)
    return response
  }
  const { headers } = await ask({ method: 'HEAD' })
  const size = Number(headers.get('Content-Length') ?? 0)
  return {
    size,
    first: async (count) =>
      // No range can name the bytes of an empty file.
      count >= size ? whole() : (await ask({ headers: { Range: `bytes=0-${count - 1}` } })).blob(),
    whole,
    // A link can show no token: then the bytes pass through the page, and the browser keeps them on its disk when they are many.
    save: async () => (token === null ? saveUrl(url, path) : saveBlob(await whole(), path))
  }
}

/** What MLflow's routes say of an error; a HEAD has no body to say it in. */
async function refusal(response: Response): Promise<RunnelError> {
  if (response.status === 404) return new RunnelError('RESOURCE_DOES_NOT_EXIST', 'There is no such file.')
  const body = (await response.json().catch(() => null)) as { message?: unknown } | null
  const message = typeof body?.message === 'string' ? body.message : `The host answered ${response.status}.`
  return new RunnelError('INTERNAL_ERROR', message)
}
