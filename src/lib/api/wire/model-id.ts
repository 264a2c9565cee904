import { absent } from '#lib/domain/errors.ts'
import { isModelId, type ModelId } from '#lib/domain/ids.ts'

/** The logged model a path names. What cannot be a model's id names none, so it is a 404 like any unknown one. */
export function modelIdOf(text: string): ModelId {
  if (!isModelId(text)) throw absent(`Logged model with ID '${text}' not found.`)
  return text
}
