/** Plays the corpus to both servers and sorts what differs into explained and unexplained. */
import { compareAnswers, type Mismatch } from './comparison.ts'
import type { Difference } from './differences/difference.ts'
import { converse, type Answer } from './exchange.ts'
import { toNormalForm, type Surroundings } from './normal-form.ts'
import type { RecordedRequest, Scenario } from './request.ts'

export interface Exchange {
  readonly scenario: string
  readonly request: RecordedRequest
  /** In normal form. */
  readonly mlflow: Answer
  readonly runnel: Answer
  readonly mismatches: readonly Mismatch[]
}

export interface Finding {
  /** `scenario/request` */
  readonly request: string
  readonly mismatch: Mismatch
}

export interface Verdict {
  readonly unexplained: readonly Finding[]
  /** What the list says and nothing shows. */
  readonly stale: readonly string[]
  /** The requests each listed difference explains, by its id. */
  readonly explained: ReadonlyMap<string, readonly string[]>
}

/** Both servers start empty. Scenarios run one after the other, on both servers at the same time. */
export async function replay(
  scenarios: readonly Scenario[],
  mlflow: Surroundings,
  runnel: Surroundings
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = []
  for (const scenario of scenarios) {
    const [theirs, ours] = await Promise.all([converse(mlflow.origin, scenario), converse(runnel.origin, scenario)])
    const missing = [...theirs.kept].filter(([name, value]) => value === `no-${name}`).map(([name]) => name)
    if (missing.length > 0)
      throw new Error(`${scenario.name}: MLflow's answers lack what is to be kept: ${missing.join(', ')}`)
    for (const [index, request] of scenario.requests.entries()) {
      const left = toNormalForm(request, theirs.answers[index]!, theirs, mlflow)
      const right = toNormalForm(request, ours.answers[index]!, ours, runnel)
      exchanges.push({
        scenario: scenario.name,
        request,
        mlflow: left,
        runnel: right,
        mismatches: compareAnswers(left, right)
      })
    }
  }
  return exchanges
}

export function judge(exchanges: readonly Exchange[], differences: readonly Difference[]): Verdict {
  const unexplained: Finding[] = []
  const explained = new Map<string, Set<string>>(differences.map(({ id }) => [id, new Set()]))
  const used = new Set<string>()
  for (const exchange of exchanges) {
    const request = `${exchange.scenario}/${exchange.request.name}`
    for (const mismatch of exchange.mismatches) {
      const fitting = differences.flatMap((difference) => fit(difference, request, mismatch, exchange))
      if (fitting.length === 0) unexplained.push({ request, mismatch })
      for (const { id, patterns } of fitting) {
        explained.get(id)?.add(request)
        for (const pattern of patterns) used.add(pattern)
      }
    }
  }
  const stale = differences.flatMap(({ id, requests, fields }) =>
    [...requests, ...fields].filter((pattern) => !used.has(`${id}: ${pattern}`)).map((pattern) => `${id}: ${pattern}`)
  )
  return { unexplained, stale, explained: new Map([...explained].map(([id, requests]) => [id, [...requests]])) }
}

function fit(
  difference: Difference,
  request: string,
  { field }: Mismatch,
  { mlflow, runnel }: Exchange
): readonly { id: string; patterns: string[] }[] {
  const { id, requests, fields, status } = difference
  const fittingRequests = requests.filter((pattern) => isLike(request, pattern))
  const fittingFields = fields.filter((pattern) => isLike(field, pattern))
  if (fittingRequests.length === 0 || fittingFields.length === 0) return []
  if (status && ((status[0] ?? mlflow.status) !== mlflow.status || runnel.status !== status[1])) return []
  return [{ id, patterns: [...fittingRequests, ...fittingFields].map((pattern) => `${id}: ${pattern}`) }]
}

const isLike = (text: string, pattern: string): boolean =>
  new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`, 's').test(text)

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
