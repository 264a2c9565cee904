import { dirname } from 'node:path'
import type { HostConfig } from './config.ts'

/** What a reader sees once the host listens: where it is, where the data lies, and the lines that log a first run. */
export const greeting = (address: string, config: Pick<HostConfig, 'store' | 'gate' | 'isTokenNew'>): string =>
  config.store === null
    ? `
Runnel is at ${address}

Log a run from a notebook cell or any page:

${cell(address, '')}
The pages are served alone: each browser keeps its own store, and Python needs a host without --pages-only.
Press Ctrl+C to stop.

`
    : `
Runnel is at ${address}
${tokenLines(address, config)}The data lies in ${dirname(config.store.databaseFile)}

Python (pip install mlflow)${config.gate.token === null ? '' : ', with MLFLOW_TRACKING_TOKEN set'}:

  import mlflow

  mlflow.set_tracking_uri("${address}")
  with mlflow.start_run():
      mlflow.log_param("lr", 0.1)
      for step in range(100):
          mlflow.log_metric("loss", 0.95**step, step=step)

Node (npm install runnel):

  import * as runnel from "runnel/sdk"

${connect(address, config)}${lines}
JavaScript in a notebook cell or any page:

${cell(address, connect(address, config))}
Press Ctrl+C to stop.

`

const lines = `  await runnel.startRun()
  runnel.logParam("lr", 0.1)
  for (let step = 0; step < 100; step++) {
    runnel.logMetric("loss", Math.exp(-step / 20), { step })
  }
  await runnel.endRun()
`

const cell = (address: string, connection: string): string =>
  `  import * as runnel from "${address}/runnel.js"\n\n${connection}${lines}`

/** The token itself is printed nowhere but in the link of one nobody knows yet. */
const connect = (address: string, { gate }: Pick<HostConfig, 'gate'>): string =>
  `  runnel.connect({ host: "${address}"${gate.token === null ? '' : ', token: "…"'} })\n`

const tokenLines = (address: string, { gate, isTokenNew }: Pick<HostConfig, 'gate' | 'isTokenNew'>): string => {
  if (gate.token === null) return ''
  return isTokenNew
    ? `Open it with its token, made for this start:\n\n  ${address}/#token=${gate.token}\n\n`
    : 'It asks for the token it was started with.\n'
}
