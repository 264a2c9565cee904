/** What two answers to one request differ in. */
import type { Answer, Body, JsonValue } from './exchange.ts'

export interface Mismatch {
  /** `status`, `content-type`, `body` when they are of different kinds, else a place in the JSON: `body.runs[].info.run_name`. */
  readonly field: string
  readonly mlflow: string
  readonly runnel: string
}

/** Both in normal form. */
export function compareAnswers(mlflow: Answer, runnel: Answer): readonly Mismatch[] {
  const headers = new Set([...Object.keys(mlflow.headers), ...Object.keys(runnel.headers)])
  return [
    ...compareValues('status', mlflow.status, runnel.status),
    ...[...headers].flatMap((name) => compareValues(name, mlflow.headers[name], runnel.headers[name])),
    ...compareBodies(mlflow.body, runnel.body)
  ]
}

function compareBodies(mlflow: Body, runnel: Body): readonly Mismatch[] {
  if (mlflow.kind === 'json' && runnel.kind === 'json') return compareValues('body', mlflow.value, runnel.value)
  return compareValues('body', show(mlflow), show(runnel))
}

const show = (body: Body): string =>
  body.kind === 'json'
    ? `JSON ${JSON.stringify(body.value)}`
    : body.kind === 'text'
      ? `text ${body.text}`
      : body.kind === 'bytes'
        ? `bytes ${body.base64}`
        : 'HTML'

function compareValues(
  field: string,
  mlflow: JsonValue | undefined,
  runnel: JsonValue | undefined
): readonly Mismatch[] {
  if (isMessage(mlflow) && isMessage(runnel)) {
    const keys = new Set([...Object.keys(mlflow), ...Object.keys(runnel)])
    return [...keys].flatMap((key) => compareValues(`${field}.${key}`, mlflow[key], runnel[key]))
  }
  if (Array.isArray(mlflow) && Array.isArray(runnel) && mlflow.length === runnel.length) {
    return mlflow.flatMap((item: JsonValue, index) => compareValues(`${field}[]`, item, runnel[index] as JsonValue))
  }
  // An SQL text is known by its code alone.
  if (mlflow === '<SQL>' && typeof runnel === 'string') return []
  if (Object.is(mlflow, runnel)) return []
  const [left, right] = [JSON.stringify(mlflow), JSON.stringify(runnel)]
  return left === right ? [] : [{ field, mlflow: left ?? 'absent', runnel: right ?? 'absent' }]
}

const isMessage = (value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
