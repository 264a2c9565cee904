/** What facts are of, as text: a letter and an id. */
import { isModelId, isModelVersionId, isRunId, type ModelId, type ModelVersionId, type RunId } from '../ids.ts'
import type { Subject } from './facts.ts'

/** The number an experiment goes by in all stores that share it; or `REGISTRY`. */
export type SharedId = string & { readonly shared: true }

/** What a store keeps the facts of its model registry under. A store has one registry, whichever host it follows with it. */
export const REGISTRY = 'registry' as SharedId

export type SubjectOf = ExperimentSubject | RegistrySubject

/** What is told of in the room of an experiment. */
export type ExperimentSubject =
  | { readonly kind: 'experiment'; readonly id: SharedId }
  | { readonly kind: 'run'; readonly id: RunId }
  | { readonly kind: 'logged-model'; readonly id: ModelId }

/** What is told of in the room of a registry. A registered model is its name: whoever makes one of a name makes the same one. */
export type RegistrySubject =
  | { readonly kind: 'registered-model'; readonly id: string }
  | { readonly kind: 'model-version'; readonly id: ModelVersionId }

export const experimentSubject = (id: SharedId): Subject => `x${id}` as Subject
export const runSubject = (id: RunId): Subject => `r${id}` as Subject
export const modelSubject = (id: ModelId): Subject => `l${id}` as Subject
/** Without `:`, which ends a subject in the keys of rooms. */
export const registeredModelSubject = (name: string): Subject =>
  `m${encodeURIComponent(name.toWellFormed())}` as Subject
export const modelVersionSubject = (id: ModelVersionId): Subject => `v${id}` as Subject

/** Of a subject in UTF-16 units. A name that needs more is a registered model that is not shared. */
export const SUBJECT_LENGTH = 2400

/** null when it is of something this Runnel does not know. */
export function parseSubject(subject: string): SubjectOf | null {
  const rest = subject.slice(1)
  if (subject.startsWith('x') && /^\d{1,16}$/.test(rest)) return { kind: 'experiment', id: rest as SharedId }
  if (subject.startsWith('r') && isRunId(rest)) return { kind: 'run', id: rest }
  if (subject.startsWith('l') && isModelId(rest)) return { kind: 'logged-model', id: rest }
  if (subject.startsWith('v') && isModelVersionId(rest)) return { kind: 'model-version', id: rest }
  if (subject.startsWith('m')) return parseModelName(subject, rest)
  return null
}

/** A name is written in one way only. */
function parseModelName(subject: string, rest: string): RegistrySubject | null {
  if (rest === '' || subject.length > SUBJECT_LENGTH) return null
  try {
    const id = decodeURIComponent(rest)
    return registeredModelSubject(id) === subject ? { kind: 'registered-model', id } : null
  } catch {
    return null
  }
}

export const isOfRegistry = (of: SubjectOf): of is RegistrySubject =>
  of.kind === 'registered-model' || of.kind === 'model-version'
