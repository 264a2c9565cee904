import { invalid } from '#lib/domain/errors.ts'
import { SYSTEM_METRICS_LIMITS } from '#lib/domain/limits.ts'
import type { SystemMetricsOptions } from '../types.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What was asked for, what the environment says where nothing was, and MLflow's defaults.
 *
 * asked  the more special last; anything but an object says nothing
 * fails  INVALID_PARAMETER_VALUE
 */
export function resolveOptions(asked: readonly unknown[], env: Environment): Required<SystemMetricsOptions> {
  const given = Object.assign({}, ...asked.filter((each) => typeof each === 'object')) as SystemMetricsOptions
  const seconds = numberIn(env, 'MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL')
  const intervalMs = given.intervalMs ?? (seconds === undefined ? undefined : seconds * 1000) ?? 10_000
  const samples = given.samplesBeforeLogging ?? numberIn(env, 'MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING') ?? 1
  const nodeId = given.nodeId ?? env['MLFLOW_SYSTEM_METRICS_NODE_ID'] ?? ''
  const { leastIntervalMs, greatestIntervalMs, nodeIdLength } = SYSTEM_METRICS_LIMITS
  if (!(intervalMs >= leastIntervalMs && intervalMs <= greatestIntervalMs))
    throw invalid(`Samples are taken every ${leastIntervalMs} to ${greatestIntervalMs} ms, not every ${intervalMs}.`)
  if (!Number.isSafeInteger(samples) || samples < 1)
    throw invalid(`A point is made of a whole number of samples, at least one, not of ${samples}.`)
  if (nodeId.length > nodeIdLength || /[^\w.\- ]/.test(nodeId))
    throw invalid(`A node is named by at most ${nodeIdLength} letters, digits, _ - . and spaces, not by '${nodeId}'.`)
  return { intervalMs, samplesBeforeLogging: samples, nodeId }
}

function numberIn(env: Environment, name: string): number | undefined {
  const text = env[name]?.trim()
  if (!text) return undefined
  const value = Number(text)
  if (!Number.isFinite(value)) throw invalid(`${name} must be a number, not '${text}'.`)
  return value
}
