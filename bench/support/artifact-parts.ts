/** An upload in parts as MLflow's client makes one: create, a PUT for each part, complete. */
export const PREFIX = '/api/2.0/mlflow-artifacts'

interface Created {
  readonly upload_id: string
  readonly credentials: readonly { readonly url: string; readonly part_number: number }[]
}

/** Parts one after another, in order. */
export async function uploadInParts(
  origin: string,
  folder: string,
  name: string,
  blobs: Iterable<Blob>
): Promise<void> {
  const parts = [...blobs]
  const at = (verb: string): string => `${origin}${PREFIX}/mpu/${verb}/${folder}`
  const created = (await post(at('create'), { path: name, num_parts: parts.length })) as Created
  const done = []
  for (const { url, part_number } of created.credentials) {
    const answer = await fetch(url, { method: 'PUT', body: parts[part_number - 1]! })
    if (!answer.ok) throw new Error(`Part ${part_number} answered ${answer.status}: ${await answer.text()}`)
    done.push({ part_number, etag: answer.headers.get('etag'), url })
  }
  await post(at('complete'), { path: name, upload_id: created.upload_id, parts: done })
}

async function post(url: string, body: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`POST ${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
