import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { command, type CommandGroup } from './command.ts'
import { UsageError } from './flags.ts'
import { downloadArtifacts } from './download.ts'
import { toJson } from './experiments.ts'
import { listOf } from './pages-of.ts'
import { trackingFlags, withTracking } from './tracking.ts'
import { filesUnder, uploadFiles, type LocalFile } from './upload.ts'

const runFlag = { value: 'ID', short: 'r', help: 'the run', required: true } as const
const folderFlag = {
  value: 'PATH',
  short: 'a',
  help: 'the folder inside the run’s artifacts (default: the root)'
} as const

const logArtifact = command({
  summary: 'Log one file as an artifact of a run.',
  flags: {
    'local-file': { value: 'FILE', short: 'l', help: 'the file', required: true },
    'run-id': runFlag,
    'artifact-path': folderFlag,
    ...trackingFlags
  },
  run: async (given, io) => {
    const file = resolve(io.cwd, given['local-file'])
    const files: LocalFile[] = [{ file, path: file.replaceAll('\\', '/').split('/').at(-1) ?? '' }]
    const logged = await withTracking(given, io, (tracking) =>
      uploadFiles(tracking, io, { runId: given['run-id'], folder: given['artifact-path'] ?? '', files })
    )
    io.out(given.json ? toJson(logged) : `Logged ${logged.join(', ')}\n`)
  }
})

const logArtifacts = command({
  summary: 'Log everything in a folder as artifacts of a run.',
  flags: {
    'local-dir': { value: 'FOLDER', short: 'l', help: 'the folder', required: true },
    'run-id': runFlag,
    'artifact-path': folderFlag,
    ...trackingFlags
  },
  run: async (given, io) => {
    const files = await filesUnder(resolve(io.cwd, given['local-dir']))
    const logged = await withTracking(given, io, (tracking) =>
      uploadFiles(tracking, io, { runId: given['run-id'], folder: given['artifact-path'] ?? '', files })
    )
    io.out(given.json ? toJson(logged) : `Logged ${logged.length} ${logged.length === 1 ? 'file' : 'files'}\n`)
  }
})

const list = command({
  summary: 'List what lies in a folder of a run’s artifacts, as JSON.',
  flags: { 'run-id': runFlag, 'artifact-path': folderFlag, ...trackingFlags },
  run: async (given, io) => {
    const answer = await withTracking(given, io, (tracking) =>
      tracking.get('artifacts/list', { run_id: given['run-id'], path: given['artifact-path'] ?? '' })
    )
    io.out(toJson(listOf(answer['files'])))
  }
})

const download = command({
  summary: 'Download an artifact, or a folder of them. Prints where it is.',
  flags: {
    'run-id': { ...runFlag, required: false },
    'artifact-path': { ...folderFlag, help: 'the file or folder inside the run’s artifacts (default: all)' },
    'artifact-uri': { value: 'URI', short: 'u', help: 'runs:/ID/PATH, instead of the two above' },
    'dst-path': { value: 'FOLDER', short: 'd', help: 'where to (default: a new folder for temporary files)' },
    ...trackingFlags
  },
  run: async (given, io) => {
    const source = parseSource(given['run-id'], given['artifact-path'], given['artifact-uri'])
    const folder = given['dst-path']
    const into = folder === undefined ? await mkdtemp(join(tmpdir(), 'runnel-')) : resolve(io.cwd, folder)
    const place = await withTracking(given, io, (tracking) => downloadArtifacts(tracking, io, { ...source, into }))
    io.out(given.json ? toJson({ path: place }) : `${place}\n`)
  }
})

const parseSource = (
  runId: string | undefined,
  path: string | undefined,
  uri: string | undefined
): { readonly runId: string; readonly path: string } => {
  if (uri !== undefined) {
    const [, id, rest = ''] = /^runs:\/+([^/]+)(?:\/(.*))?$/.exec(uri) ?? []
    if (id === undefined) throw new UsageError(`--artifact-uri must be runs:/ID/PATH, not "${uri}".`)
    return { runId: id, path: rest }
  }
  if (runId === undefined) throw new UsageError('Say --run-id or --artifact-uri.')
  return { runId, path: path ?? '' }
}

export const artifacts: CommandGroup = {
  summary: 'Work with the artifacts of a run.',
  commands: { 'log-artifact': logArtifact, 'log-artifacts': logArtifacts, list, download }
}
