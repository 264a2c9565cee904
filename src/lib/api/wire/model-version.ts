import type { ModelVersion } from '#lib/domain/model-version.ts'
import type { Message } from './json.ts'
import { tagsToWire, unlessEmpty } from './tag.ts'

/** Fields in MLflow's order; the version is a text. An empty description is there, one that was taken away is not. */
export const modelVersionToWire = (version: ModelVersion): Message => ({
  name: version.name,
  version: String(version.version),
  creation_timestamp: version.creationTime,
  last_updated_timestamp: version.lastUpdateTime,
  user_id: version.userId ?? undefined,
  current_stage: version.stage,
  description: version.description ?? undefined,
  source: version.source,
  run_id: version.runId ?? undefined,
  status: version.status,
  status_message: version.statusMessage || undefined,
  tags: tagsToWire(version.tags),
  run_link: version.runLink ?? undefined,
  aliases: unlessEmpty(version.aliases)
})
