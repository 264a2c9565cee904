/**
 * A model as clients older than logged models (2.x) note it on its run: an entry of the JSON list in the tag `mlflow.log-model.history`.
 */
import { invalid } from './errors.ts'
import { pythonSpacedJson } from './python-text.ts'

const MANDATORY = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'] as const
/** What of it is noted, in MLflow's order, `flavors` without their `config` last. */
const NOTED = ['run_id', 'artifact_path', 'utc_time_created', 'model_uuid'] as const

/**
 * The entry for a model, as JSON in Python's spelling.
 *
 * modelJson  the model as the client describes it
 * fails      INVALID_PARAMETER_VALUE when it is no JSON object, lacks a mandatory field, or its flavors are no object (MLflow answers the
 *            first and the last with 500)
 */
export function modelRecord(modelJson: string): string {
  const model = parseObject(modelJson)
  if (model === null)
    throw invalid(`Malformed model info. \n ${modelJson.slice(0, SHOWN_LENGTH)} \n is not a valid JSON.`)
  const absent = MANDATORY.filter((field) => !Object.hasOwn(model, field))
  if (absent.length > 0)
    throw invalid(`Model json is missing mandatory fields: {${absent.map((field) => `'${field}'`).join(', ')}}`)
  const { flavors } = model
  if (!isObject(flavors)) throw invalid('Malformed model info. Its flavors are no JSON object.')
  return pythonSpacedJson({
    ...Object.fromEntries(NOTED.map((field) => [field, model[field] ?? null])),
    flavors: Object.fromEntries(Object.entries(flavors).map(([name, flavor]) => [name, withoutConfig(flavor)]))
  })
}

const SHOWN_LENGTH = 2000

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const withoutConfig = (flavor: unknown): unknown =>
  isObject(flavor) ? Object.fromEntries(Object.entries(flavor).filter(([key]) => key !== 'config')) : flavor
