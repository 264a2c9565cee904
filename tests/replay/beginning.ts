import { post, type RecordedRequest } from './request.ts'

const RUNS = [
  { name: 'a run', run_name: 'r' },
  { name: 'another run', run_name: 'r2' }
] as const

/** What most scenarios begin with: an experiment, kept as `exp1`, and one or two runs of it, kept under the names given. */
export const beginning = (experiment: string, ...runs: readonly [string, string?]): RecordedRequest[] => [
  post('an experiment', 'experiments/create', { name: experiment }, { keep: { exp1: 'experiment_id' } }),
  ...runs.flatMap((kept = '', at) => {
    const { name, run_name } = RUNS[at]!
    const fields = { experiment_id: '{{exp1}}', run_name, start_time: at + 1 }
    return post(name, 'runs/create', fields, { keep: { [kept]: 'run.info.run_id' } })
  })
]
