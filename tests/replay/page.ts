/** docs/compatibility.md, made from what a replay found. */
import { TOPICS, type Difference } from './differences/difference.ts'
import type { Exchange, Verdict } from './replay.ts'

export interface Versions {
  readonly mlflow: string
  readonly runnel: string
}

export function compatibilityPage(
  versions: Versions,
  exchanges: readonly Exchange[],
  { explained }: Verdict,
  differences: readonly Difference[]
): string {
  const differing = new Set([...explained.values()].flat()).size
  const same = exchanges.length - differing
  return `# Compatibility with MLflow

${MADE}

## What was compared

The same ${count(exchanges.length)} requests were sent to \`mlflow server\` ${versions.mlflow} with its default SQLite store and to Runnel ${versions.runnel} on
node:sqlite, both starting empty. The requests are in \`tests/replay/scenarios\`: every route in scope with good and bad input, every row of
the search grammar, every limit just inside and just over, wrong types, unknown and deleted things, Unicode, NaN and the infinities, files
and the ways out of their root. Status, JSON body (shape and values), \`error_code\` and message are compared, for files the bytes and
headers. Ids, times of the server's clock, made-up names, page tokens and addresses are mapped to each other first; a text that MLflow's
database wrote about a broken constraint counts by its code alone.

**${count(same)} answers are the same, ${count(differing)} differ for one of the ${differences.length} reasons below.** \`npm test -- replay\` fails on any other difference, and on
a reason that no longer shows.

${NEWEST}

## The differences, and why

${TOPICS.filter((topic) => topic !== 'Out of scope')
  .map((topic) => section(topic, differences, explained))
  .join('\n\n')}

## Not in scope

${SCOPE}

${table(
  differences.filter(({ topic }) => topic === 'Out of scope'),
  explained
)}

${CHANGES}
`
}

const count = (number: number): string => number.toLocaleString('en-US')

const section = (topic: string, differences: readonly Difference[], explained: Verdict['explained']): string =>
  `### ${topic}\n\n${table(
    differences.filter((difference) => difference.topic === topic),
    explained
  )}`

function table(differences: readonly Difference[], explained: Verdict['explained']): string {
  const rows = differences.map(({ id, reason, status }) => {
    const answers = status === undefined ? '' : status[0] === null ? `→ ${status[1]}` : `${status[0]} → ${status[1]}`
    return `| \`${id}\` | ${reason.replaceAll('|', '\\|')} | ${answers} | ${explained.get(id)?.length ?? 0} |`
  })
  return ['| Reason | | MLflow → Runnel | Requests |', '| --- | --- | --- | ---: |', ...rows].join('\n')
}

const MADE =
  '<!-- Made by `node tests/replay/write-compatibility.ts`: change tests/replay/page.ts or tests/replay/differences.ts instead. -->'

const NEWEST = `MLflow 3.18.0 is announced on the package index, but the \`mlflow-skinny\` of that version, which it needs, is not there, so that it cannot
be installed; 3.17.2 is the newest that can. The stock Python client is tested too, in 3.17.2 and 2.22.5 (\`npm test -- python\`).`

const SCOPE = `Runnel tracks experiments, runs, metrics, params, tags, datasets, logged models, artifacts, and the registry of models. It does not do
traces and assessments, evaluation datasets, scorers, issues, label schemas, review queues, prompts and their optimisation, the AI gateway,
webhooks, MCP servers, jobs, GraphQL, or more than one workspace. Clients that ask are told so in MLflow's error body, with a status they do
not retry. Two things are different by design and do not show in a comparison: experiment ids are made at random, so that two stores
can be joined (MLflow counts), and infinities and -0 are kept as they are, though answered as MLflow answers them.`

const CHANGES = `## What changed in MLflow since 3.11

Seen in the answers and the source of 3.17.2, against those of 3.11 that Runnel was first built to. Runnel follows 3.17.

| Where | 3.11 | 3.17 |
| --- | --- | --- |
| Experiments | no workspace in answers | \`workspace\`, \`default\` unless the server has several |
| Experiment tags | values up to 5,000 characters; not checked at creation | up to 20,000; checked at creation like later |
| Experiment search | no \`experiment_id\` in filters | \`experiment_id\` with \`=\`, \`!=\`, \`IN\`, \`NOT IN\` |
| Run search | NaN compares as 0 | NaN satisfies \`!=\` and nothing else |
| \`metrics/get-history\` | nothing without \`max_results\` | all points |
| JSON bodies | bare \`NaN\` and \`Infinity\` taken | dropped, with the fields after them (Runnel takes them) |
| Artifact proxy, PUT | answers \`{}\` | answers nothing; a path that ends in \`/\` is 400 |
| Artifact proxy, GET | no ranges; a folder is 500; a name beyond Latin-1 is 500 | ranges; a folder is 400; any name |
| Missing artifacts | path below the run, unquoted | path below the artifact root, quoted |
| Model version sources | any address | \`http\`, \`https\`, \`ftp\` and \`mlflow-artifacts\` with a host are refused |
| \`server-info\` | store type, workspaces | also multipart and presigned transfers, trace archival, features |
| New routes | | \`artifacts/presigned-download-url\`, label schemas, review queues, MCP servers, online scoring, guardrails |`
