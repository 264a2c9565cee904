import type { DatasetInput } from '#lib/domain/dataset.ts'
import type { Fields } from './fields.ts'
import type { Message } from './json.ts'
import { parseTags, tagsToWire } from './tag.ts'

export function parseDatasetInput(fields: Fields): DatasetInput {
  const dataset = fields.requiredMessage('dataset')
  return {
    dataset: {
      name: dataset.requiredText('name'),
      digest: dataset.text('digest') ?? '',
      sourceType: dataset.text('source_type') ?? '',
      source: dataset.text('source') ?? '',
      schema: dataset.text('schema') ?? null,
      profile: dataset.text('profile') ?? null
    },
    tags: parseTags(fields.messages('tags'))
  }
}

export const datasetInputToWire = ({ dataset, tags }: DatasetInput): Message => ({
  tags: tagsToWire(tags),
  dataset: {
    name: dataset.name,
    digest: dataset.digest,
    source_type: dataset.sourceType,
    source: dataset.source,
    schema: dataset.schema ?? undefined,
    profile: dataset.profile ?? undefined
  }
})
