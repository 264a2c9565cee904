import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RunnelError } from '#lib/domain/errors.ts'
import { VIEW_TYPES, type ViewType } from '#lib/domain/lifecycle.ts'
import { columns, command, type CommandGroup } from './command.ts'
import { UsageError } from './flags.ts'
import { fieldsOf, pairsOf, searchAll, textOf } from './pages-of.ts'
import { runsToCsv } from './runs-csv.ts'
import { table } from './table.ts'
import { trackingFlags, withTracking, type Json } from './tracking.ts'

const idFlag = { value: 'ID', short: 'x', help: 'the experiment', required: true } as const

export const viewFlag = {
  value: 'VIEW',
  short: 'v',
  help: 'active_only (default), deleted_only or all'
} as const

export const parseView = (text = 'active_only'): ViewType => {
  const view = VIEW_TYPES.find((type) => type === text.toUpperCase())
  if (view === undefined) throw new UsageError(`--view must be active_only, deleted_only or all, not "${text}".`)
  return view
}

const create = command({
  summary: 'Create an experiment.',
  flags: {
    'experiment-name': { value: 'NAME', short: 'n', help: 'its name', required: true },
    'artifact-location': { value: 'URI', short: 'l', help: 'where its artifacts go (default: the store’s choice)' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const name = given['experiment-name']
    const location = given['artifact-location']
    const answer = await withTracking(given, io, (tracking) =>
      tracking.post('experiments/create', { name, ...(location !== undefined && { artifact_location: location }) })
    )
    io.out(given.json ? toJson(answer) : `Created experiment '${name}' with id ${textOf(answer['experiment_id'])}\n`)
  }
})

const search = command({
  summary: 'List experiments, newest first.',
  flags: {
    view: viewFlag,
    filter: { value: 'TEXT', help: 'only those it fits, such as "name LIKE \'wine%\'"' },
    'max-results': { value: 'N', help: 'no more than these (default: all)' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const most = parseMost(given['max-results'])
    const found = await withTracking(given, io, (tracking) =>
      searchAll(
        tracking,
        'experiments/search',
        'experiments',
        { view_type: parseView(given.view), filter: given.filter ?? '' },
        most
      )
    )
    if (given.json) io.out(toJson(found))
    else
      io.out(
        table(
          ['Experiment Id', 'Name', 'Artifact Location'],
          found.map((one) => [one['experiment_id'], one['name'], one['artifact_location']].map(textOf)),
          io.columns
        )
      )
  }
})

const get = command({
  summary: 'Show one experiment.',
  flags: {
    'experiment-id': { ...idFlag, required: false },
    'experiment-name': { value: 'NAME', short: 'n', help: 'the experiment, by its name' },
    output: { value: 'FORM', help: 'table (default) or json' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const { 'experiment-id': id, 'experiment-name': name, output = 'table' } = given
    if ((id === undefined) === (name === undefined))
      throw new UsageError('Say exactly one of --experiment-id and --experiment-name.')
    if (output !== 'table' && output !== 'json')
      throw new UsageError(`--output must be table or json, not "${output}".`)
    const answer = await withTracking(given, io, (tracking) =>
      id === undefined
        ? tracking.get('experiments/get-by-name', { experiment_name: name ?? '' })
        : tracking.get('experiments/get', { experiment_id: id })
    )
    const experiment = fieldsOf(answer['experiment'])
    io.out(given.json || output === 'json' ? toJson(experiment) : describe(experiment))
  }
})

const describe = (experiment: Json): string =>
  columns([
    ['Experiment ID', textOf(experiment['experiment_id'])],
    ['Name', textOf(experiment['name'])],
    ['Artifact Location', textOf(experiment['artifact_location'])],
    ['Lifecycle Stage', textOf(experiment['lifecycle_stage'])],
    ['Creation Time', dateText(experiment['creation_time'])],
    ['Last Update Time', dateText(experiment['last_update_time'])],
    [
      'Tags',
      Object.entries(pairsOf(experiment['tags']))
        .map(([key, value]) => `${key}=${textOf(value)}`)
        .join(', ')
    ]
  ])

/** Epoch milliseconds as a reader's own time. */
export const dateText = (value: unknown): string =>
  typeof value === 'number' && value > 0 ? new Date(value).toLocaleString('sv-SE') : ''

/** An operation on one experiment whose answer says nothing. */
const change = (summary: string, operation: string, done: (id: string) => string) =>
  command({
    summary,
    flags: { 'experiment-id': idFlag, ...trackingFlags },
    run: async (given, io) => {
      const id = given['experiment-id']
      await withTracking(given, io, (tracking) => tracking.post(`experiments/${operation}`, { experiment_id: id }))
      io.out(given.json ? toJson({ experiment_id: id }) : done(id))
    }
  })

const rename = command({
  summary: 'Rename an active experiment.',
  flags: {
    'experiment-id': idFlag,
    'new-name': { value: 'NAME', help: 'its new name', required: true },
    ...trackingFlags
  },
  run: async (given, io) => {
    const { 'experiment-id': id, 'new-name': name } = given
    await withTracking(given, io, (tracking) =>
      tracking.post('experiments/update', { experiment_id: id, new_name: name })
    )
    io.out(
      given.json ? toJson({ experiment_id: id, name }) : `Experiment with id ${id} has been renamed to '${name}'.\n`
    )
  }
})

const csv = command({
  summary: 'Write all runs of an experiment as CSV.',
  flags: {
    'experiment-id': idFlag,
    filename: { value: 'FILE', short: 'o', help: 'the file (default: standard output)' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const id = given['experiment-id']
    const runs = await withTracking(given, io, async (tracking) => {
      // An experiment that is not there has no runs either, and would make a file of headers.
      await tracking.get('experiments/get', { experiment_id: id })
      return searchAll(tracking, 'runs/search', 'runs', { experiment_ids: [id] })
    })
    const text = runsToCsv(runs)
    if (given.filename === undefined) return io.out(text)
    const file = resolve(io.cwd, given.filename)
    await writeFile(file, text).catch((cause: Error) => {
      throw new RunnelError('PERMISSION_DENIED', `Cannot write ${file}: ${cause.message}`, { cause })
    })
    io.out(`Experiment with ID ${id} has been exported as a CSV to file: ${given.filename}.\n`)
  }
})

export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const parseMost = (text: string | undefined): number => {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--max-results must be a whole number, not "${text}".`)
  return Number(text)
}

export const experiments: CommandGroup = {
  summary: 'Work with experiments.',
  commands: {
    create,
    search,
    get,
    delete: change(
      'Move an experiment and its runs to the trash.',
      'delete',
      (id) => `Experiment with ID ${id} has been deleted.\n`
    ),
    restore: change(
      'Take an experiment and its runs out of the trash.',
      'restore',
      (id) => `Experiment with id ${id} has been restored.\n`
    ),
    rename,
    csv
  }
}
