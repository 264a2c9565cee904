import { command, type CommandGroup } from './command.ts'
import { dateText, parseView, toJson, viewFlag } from './experiments.ts'
import { fieldsOf, listOf, pairsOf, searchAll, textOf } from './pages-of.ts'
import { table } from './table.ts'
import { trackingFlags, withTracking, type Json } from './tracking.ts'

const idFlag = { value: 'ID', help: 'the run', required: true } as const

const list = command({
  summary: 'List the runs of an experiment, newest first.',
  flags: {
    'experiment-id': { value: 'ID', short: 'x', env: 'MLFLOW_EXPERIMENT_ID', help: 'the experiment', required: true },
    view: viewFlag,
    filter: { value: 'TEXT', help: 'only those it fits, such as "metrics.loss < 0.5"' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const found = await withTracking(given, io, (tracking) =>
      searchAll(tracking, 'runs/search', 'runs', {
        experiment_ids: [given['experiment-id']],
        run_view_type: parseView(given.view),
        filter: given.filter ?? ''
      })
    )
    if (given.json) return io.out(toJson(found))
    const infos = found.map((run) => fieldsOf(run['info']))
    const rows = infos.map((info) => [dateText(info['start_time']), textOf(info['run_name']), textOf(info['run_id'])])
    io.out(table(['Date', 'Name', 'ID'], rows, io.columns))
  }
})

const describe = command({
  summary: 'Print everything about a run as JSON.',
  flags: { 'run-id': idFlag, ...trackingFlags },
  run: async (given, io) => {
    const answer = await withTracking(given, io, (tracking) => tracking.get('runs/get', { run_id: given['run-id'] }))
    const run = fieldsOf(answer['run'])
    io.out(toJson(given.json ? run : asDictionary(run)))
  }
})

/** In the shape MLflow's own command prints: data as maps. `--json` has it as REST does. */
const asDictionary = (run: Json): Json => {
  const data = fieldsOf(run['data'])
  return {
    info: run['info'],
    data: { metrics: pairsOf(data['metrics']), params: pairsOf(data['params']), tags: pairsOf(data['tags']) },
    inputs: { dataset_inputs: listOf(fieldsOf(run['inputs'])['dataset_inputs']) }
  }
}

/** An operation on one run whose answer says nothing. */
const change = (summary: string, operation: string, done: (id: string) => string) =>
  command({
    summary,
    flags: { 'run-id': idFlag, ...trackingFlags },
    run: async (given, io) => {
      const id = given['run-id']
      await withTracking(given, io, (tracking) => tracking.post(`runs/${operation}`, { run_id: id }))
      io.out(given.json ? toJson({ run_id: id }) : done(id))
    }
  })

export const runs: CommandGroup = {
  summary: 'Work with runs.',
  commands: {
    list,
    describe,
    delete: change('Move a run to the trash.', 'delete', (id) => `Run with ID ${id} has been deleted.\n`),
    restore: change('Take a run out of the trash.', 'restore', (id) => `Run with id ${id} has been restored.\n`)
  }
}
