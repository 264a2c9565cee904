import { ROOMS_PATH, SHARES_PATH } from '#lib/sync/agreement.ts'
import { parseCapability, writeJoinLink } from '#lib/sync/link.ts'

export interface SharedExperiment {
  /** A host that asks for no token, and has the experiment. */
  readonly host: string
  /** Where who joins reaches it. */
  readonly reachedAt: string
  /** Where the pages are served. */
  readonly pages: string
  readonly experiment: string
}

/** A link that makes whoever opens it an editor of an experiment. */
export async function linkTo({ host, reachedAt, pages, experiment }: SharedExperiment): Promise<string> {
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await fetch(host + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  await post(ROOMS_PATH, { experiment })
  const rooms = [`x.${experiment}`, `n.${experiment}`]
  const { capability } = await post<{ capability: string }>(SHARES_PATH, { rooms, role: 'editor', name: 'bench' })
  return writeJoinLink(pages, { capability: parseCapability(capability)!, host: reachedAt })
}
