import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { siteFolder } from '../../sync-server/config.ts'

/** A copy of the built site that says it is a newer version: the same scripts, another service worker, a marked page. */
export interface NextVersion {
  readonly folder: string
  /** A selector that only the new version's page has. */
  readonly mark: string
  readonly remove: () => Promise<void>
}

export const copyAsNextVersion = async (): Promise<NextVersion> => {
  const built = siteFolder(process.env)
  const folder = await mkdtemp(join(tmpdir(), 'runnel-next-'))
  await cp(built, folder, { recursive: true })
  const { version } = JSON.parse(await readFile(join(built, '_app/version.json'), 'utf8')) as { version: string }
  const worker = await readFile(join(built, 'service-worker.js'), 'utf8')
  if (!worker.includes(version)) throw new Error(`the service worker does not name its version, ${version}`)
  await writeFile(join(folder, 'service-worker.js'), worker.replaceAll(version, `${version}-next`))
  const page = await readFile(join(built, 'index.html'), 'utf8')
  await writeFile(join(folder, 'index.html'), page.replace('<head>', '<head><meta name="next-version">'))
  return { folder, mark: 'meta[name=next-version]', remove: () => rm(folder, { recursive: true, force: true }) }
}
