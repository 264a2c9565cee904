import type { Tag } from '#lib/domain/tag.ts'
import type { Fields } from './fields.ts'
import type { Message } from './json.ts'

/** Tags and params alike: an absent value is the empty text. */
export const parseTags = (messages: readonly Fields[]): Tag[] =>
  messages.map((message) => ({ key: message.requiredText('key'), value: message.text('value') ?? '' }))

/** undefined when there are none: empty lists are left out. */
export const tagsToWire = (tags: readonly Tag[]): readonly Message[] | undefined =>
  unlessEmpty(tags.map(({ key, value }) => ({ key, value })))

export const unlessEmpty = <T>(items: readonly T[]): readonly T[] | undefined => (items.length > 0 ? items : undefined)
