/**
 * node tests/replay/run.ts [--only TEXT] [--mlflow ORIGIN FOLDER]
 *
 * Replays the corpus once and prints what differs without a reason. --only plays the scenarios that hold a request whose
 * `scenario/name` holds TEXT, and prints both answers to those; --mlflow uses a server that runs already, in that folder, and is empty.
 */
import { parseArgs } from 'node:util'
import { ensurePython, pythonProgram } from '../../scripts/python.mjs'
import { corpus } from './corpus.ts'
import { differences } from './differences.ts'
import { judge, replay, type Exchange } from './replay.ts'
import { startMlflow, startRunnel, type Server } from './servers.ts'

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, mlflow: { type: 'string' } },
  allowPositionals: true
})

const { only } = values
const isWanted = (name: string): boolean => only === undefined || name.includes(only)
const scenarios = corpus.filter(({ name, requests }) => requests.some((request) => isWanted(`${name}/${request.name}`)))

const mlflow =
  values.mlflow === undefined
    ? await startOwn()
    : { origin: values.mlflow, folder: positionals[0] ?? '', stop: async () => {} }
const runnel = await startRunnel()
try {
  const started = performance.now()
  const exchanges = await replay(scenarios, mlflow, runnel)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (only !== undefined)
    for (const exchange of exchanges.filter(({ scenario, request }) => isWanted(`${scenario}/${request.name}`)))
      show(exchange)
  const { unexplained, stale } = judge(exchanges, differences)
  for (const { request, mismatch } of unexplained) {
    console.log(
      `\n${request}\n  ${mismatch.field}\n    mlflow ${mismatch.mlflow.slice(0, 1000)}\n    runnel ${mismatch.runnel.slice(0, 1000)}`
    )
  }
  if (only === undefined) for (const pattern of stale) console.log(`\nlisted in vain: ${pattern}`)
  console.log(`\n${exchanges.length} requests in ${seconds} s, ${unexplained.length} differences without a reason`)
  process.exitCode = unexplained.length > 0 ? 1 : 0
} finally {
  await Promise.all([mlflow.stop(), runnel.stop()])
}

async function startOwn(): Promise<Server> {
  const missing = await ensurePython('v3')
  if (missing !== undefined) throw new Error(missing)
  return startMlflow(pythonProgram('v3', 'mlflow'))
}

function show({ scenario, request, mlflow, runnel }: Exchange): void {
  console.log(
    `\n${scenario}/${request.name}\n  ${request.method} ${request.path} ${String(request.body ?? '').slice(0, 500)}`
  )
  console.log(`  mlflow ${JSON.stringify(mlflow)}\n  runnel ${JSON.stringify(runnel)}`)
}
