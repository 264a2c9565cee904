import { dirname } from 'node:path'
import { isLoopback, packageFolder, type HostConfig } from './config.ts'

/** What a reader sees once the host listens: where it is, where the data lies, and the lines that log a first run. */
export const greeting = (
  address: string,
  config: Pick<HostConfig, 'host' | 'store' | 'gate' | 'isTokenNew'>
): string =>
  config.store === null
    ? `
Runnel is at ${address}

Log a run from a notebook cell (in Jupyter below a line %%javascript) or any page:

${cell(address, '')}
The pages are served alone: each browser keeps its own store, and Python needs a host without --pages-only.
Press Ctrl+C to stop.

`
    : `
Runnel is at ${address}
${tokenLines(address, config)}${networkLine(config)}The data lies in ${dirname(config.store.databaseFile)}

Python (pip install mlflow)${config.gate.token === null ? '' : ', with MLFLOW_TRACKING_TOKEN set'}:

  import mlflow

  mlflow.set_tracking_uri("${address}")
  with mlflow.start_run():
      mlflow.log_param("lr", 0.1)
      for step in range(100):
          mlflow.log_metric("loss", 0.95**step, step=step)

Node 22 or newer (npm install ${quoted(packageFolder)}):

  import * as runnel from "runnel/sdk"

${indented(connect(address, config), lines)}
JavaScript in a notebook cell (in Jupyter below a line %%javascript) or any page:

${cell(address, connect(address, config))}
Press Ctrl+C to stop.

`

const lines = `await runnel.startRun()
runnel.logParam("lr", 0.1)
for (let step = 0; step < 100; step++) {
  runnel.logMetric("loss", Math.exp(-step / 20), { step })
}
await runnel.endRun()
`

/** Not a static import: Jupyter runs a cell as a script, and only a module may have one. */
const cell = (address: string, connection: string): string =>
  `  import("${address}/runnel.js").then(async (runnel) => {\n${indented(indented(connection, lines))}  })\n`

/** The token itself is printed nowhere but in the link of one nobody knows yet. */
const connect = (address: string, { gate }: Pick<HostConfig, 'gate'>): string =>
  `runnel.connect({ host: "${address}"${gate.token === null ? '' : ', token: "…"'} })\n`

const indented = (...texts: readonly string[]): string => texts.join('').replace(/^(?=.)/gm, '  ')

/** For a shell. */
const quoted = (path: string): string => (/^[\w/.:\\-]+$/.test(path) ? path : `"${path}"`)

/** By another name it would refuse them, and they could not know why. */
const networkLine = ({ host, gate }: Pick<HostConfig, 'host' | 'gate'>): string =>
  isLoopback(host) || gate.allowedHosts !== null
    ? ''
    : 'Other machines reach it by this one’s private addresses; for a name or a public one add --allowed-hosts NAME.\n'

const tokenLines = (address: string, { gate, isTokenNew }: Pick<HostConfig, 'gate' | 'isTokenNew'>): string => {
  if (gate.token === null) return ''
  return isTokenNew
    ? `Open it with its token, made for this start:\n\n  ${address}/#token=${gate.token}\n\n`
    : 'It asks for the token it was started with.\n'
}
