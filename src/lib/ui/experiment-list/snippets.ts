/** What to paste elsewhere to log here. `origin` is this page's own. */
export interface SnippetText {
  readonly title: string
  readonly code: string
}

export const snippetsFor = (origin: string): readonly SnippetText[] => [
  {
    title: 'From a notebook cell',
    code: `import * as runnel from "${origin}/runnel.js"
const run = await runnel.startRun({ experiment: "wine" })
run.logParam("alpha", 0.2)
run.logMetric("rmse", 0.62, { step: 1 })
await run.end()`
  },
  {
    title: 'MLflow’s REST API, from a page of this origin',
    code: `const url = "/api/2.0/mlflow/experiments/search?max_results=100"
const { experiments } = await (await fetch(url)).json()`
  }
]
