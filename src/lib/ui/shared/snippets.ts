/** What to paste elsewhere to log here: into this browser's store, or to the host that serves this page. */
export interface Snippet {
  readonly title: string
  readonly code: string
}

/** Where a snippet logs to. `needsToken`: the host answers only those who show its token, which no snippet carries. */
export interface SnippetPlace {
  readonly kind: 'browser' | 'host'
  /** This page's own. */
  readonly origin: string
  readonly needsToken: boolean
}

/** Everything there is to paste, the most likely first. */
export const startSnippets = (place: SnippetPlace, experiment = 'wine'): readonly Snippet[] =>
  place.kind === 'host'
    ? [
        { title: 'From Python, with MLflow as it is', code: pythonRun(place, experiment) },
        { title: 'From Node', code: nodeRun(place, experiment) },
        { title: 'From a JavaScript notebook cell', code: cellRun(place, experiment) }
      ]
    : [
        { title: 'From a notebook cell', code: cellRun(place, experiment) },
        {
          title: 'MLflow’s REST API, from a page of this origin',
          code: `const url = "/api/2.0/mlflow/experiments/search?max_results=100"
const { experiments } = await (await fetch(url)).json()`
        }
      ]

/** The one for a place that has no runs yet. */
export const runSnippet = (place: SnippetPlace, experiment: string): string =>
  place.kind === 'host' ? pythonRun(place, experiment) : cellRun(place, experiment)

export const metricSnippet = ({ kind }: SnippetPlace): string =>
  kind === 'host' ? `mlflow.log_metric("loss", 0.62, step=1)` : `run.logMetric("loss", 0.62, { step: 1 })`

export const artifactSnippet = ({ kind }: SnippetPlace): string =>
  kind === 'host' ? `mlflow.log_text("what I saw", "notes.txt")` : `await run.logArtifact("notes.txt", "what I saw")`

const pythonRun = ({ origin, needsToken }: SnippetPlace, experiment: string): string =>
  `${needsToken ? '# in the shell, before: export MLFLOW_TRACKING_TOKEN=<the token>\n' : ''}import mlflow

mlflow.set_tracking_uri(${text(origin)})
mlflow.set_experiment(${text(experiment)})
with mlflow.start_run():
    mlflow.log_param("alpha", 0.2)
    mlflow.log_metric("rmse", 0.62, step=1)`

const nodeRun = (place: SnippetPlace, experiment: string): string =>
  `// Node 22 or newer, in a folder after npm install of the package that npm pack makes of Runnel
import * as runnel from "runnel/sdk"
${logRun(place, experiment, `process.env.RUNNEL_TOKEN`)}`

/** Not a static import: Jupyter runs a cell as a script (below a line %%javascript), and only a module may have one. */
const cellRun = (place: SnippetPlace, experiment: string): string =>
  `import("${place.origin}/runnel.js").then(async (runnel) => {
${logRun(place, experiment, `"<the token>"`).replace(/^/gm, '  ')}
})`

const logRun = ({ kind, origin, needsToken }: SnippetPlace, experiment: string, token: string): string =>
  `${kind === 'host' ? `await runnel.connect({ host: ${text(origin)}${needsToken ? `, token: ${token}` : ''} })\n` : ''}` +
  `const run = await runnel.startRun({ experiment: ${text(experiment)} })
run.logParam("alpha", 0.2)
run.logMetric("rmse", 0.62, { step: 1 })
await run.end()`

/** In double quotes, for Python and JavaScript alike. */
const text = (value: string): string => JSON.stringify(value)
