/** The address of a host as a browser writes it. */
export const addressOf = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** What a reader sees once the host listens: where it is, and the lines that log a first run. */
export const greeting = (address: string): string => `
Runnel is at ${address}

Log a run from a notebook cell or any page:

  import * as runnel from "${address}/runnel.js"

  await runnel.startRun()
  runnel.logParam("lr", 0.1)
  for (let step = 0; step < 100; step++) {
    runnel.logMetric("loss", Math.exp(-step / 20), { step })
  }
  await runnel.endRun()

Python and Node snippets come when this host keeps a store of its own.
Press Ctrl+C to stop.
`
