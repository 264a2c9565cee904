import type { RegisteredModel } from '#lib/domain/registered-model.ts'
import type { Message } from './json.ts'
import { modelVersionToWire } from './model-version.ts'
import { tagsToWire, unlessEmpty } from './tag.ts'

/** Fields in MLflow's order. An empty description is left out, unlike a version's. */
export const registeredModelToWire = (model: RegisteredModel): Message => ({
  name: model.name,
  creation_timestamp: model.creationTime,
  last_updated_timestamp: model.lastUpdateTime,
  description: model.description || undefined,
  latest_versions: unlessEmpty(model.latestVersions.map(modelVersionToWire)),
  tags: tagsToWire(model.tags),
  aliases: unlessEmpty(model.aliases.map(({ alias, version }) => ({ alias, version: String(version) })))
})
