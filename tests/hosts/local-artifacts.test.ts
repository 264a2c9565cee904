/** Artifacts that clients write to this host's disk: served, and nothing outside their folder. Ids: LA. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LocalFolder } from '../../sync-server/files/local-artifacts.ts'

const CANARY = 'not for you'

let base: string
let root: string
let folder: LocalFolder
let uri: string
let run: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'runnel-local-'))
  root = join(base, 'root')
  await writeFile(join(base, 'canary'), CANARY)
  await mkdir(join(base, 'outside', 'sub'), { recursive: true })
  await writeFile(join(base, 'outside', 'canary'), CANARY)
  folder = await LocalFolder.open(pathToFileURL(root).href)
  uri = `${folder.uri}/0/run/artifacts`
  run = join(root, '0', 'run', 'artifacts')
  await mkdir(join(run, 'dir'), { recursive: true })
  await writeFile(join(run, 'a.txt'), 'alpha')
  await writeFile(join(run, 'dir', 'b.txt'), 'beta')
})
afterEach(() => rm(base, { recursive: true, force: true }))

const read = async (path: string, from = uri): Promise<string | null> =>
  (await (await folder.open(from, path))?.blob.text()) ?? null
const names = async (path: string, from = uri): Promise<string[]> =>
  (await folder.list(from, path)).map((entry) => entry.path)
const bytes = (text: string) => new Blob([text])
const code = (name: string) => expect.objectContaining({ code: name }) as unknown

/** Every file's text outside the root: what no test may change, and a place where nothing may appear. */
async function outside(): Promise<Record<string, string>> {
  const entries = await readdir(base, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = files.filter((file) => !file.startsWith(root)).map(async (file) => [file, await readFile(file, 'utf8')])
  return Object.fromEntries((await Promise.all(texts)) as [string, string][])
}

test('[LA1] lists, reads, slices, writes and removes what stands in it', async () => {
  expect(await folder.list(uri, '')).toEqual([
    { path: 'a.txt', isDir: false, size: 5 },
    { path: 'dir', isDir: true, size: 0 }
  ])
  expect(await names('dir')).toEqual(['dir/b.txt'])
  expect([await names('nothing'), await names('a.txt')]).toEqual([[], []])
  expect([await read('dir/b.txt'), await read('dir'), await read('nothing'), await read('a.txt/x')]).toEqual([
    'beta',
    null,
    null,
    null
  ])
  const { blob } = (await folder.open(uri, 'a.txt'))!
  expect(await blob.slice(1, 3).text()).toBe('lp')

  await folder.put(uri, 'new/deep/c.txt', bytes('gamma'))
  await folder.put(uri, 'a.txt', bytes('newer'))
  expect([await read('new/deep/c.txt'), await read('a.txt'), await names('new/deep')]).toEqual([
    'gamma',
    'newer',
    ['new/deep/c.txt']
  ])
  await expect(folder.put(uri, 'dir', bytes('x'))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  await expect(folder.put(uri, 'a.txt/x', bytes('x'))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))

  await folder.remove(uri)
  await folder.remove(uri)
  expect(await readdir(join(root, '0'))).toEqual([])
  await expect(folder.remove(folder.uri)).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
})

test('[LA2] serves URIs below its folder, in either spelling, and no others', () => {
  const inside = [
    uri,
    `${uri}/`,
    folder.uri,
    run,
    `file://localhost${run}`,
    `FILE://${run}`,
    `${root}/x/../y`,
    `file:${run}`
  ]
  const elsewhere = [
    's3://bucket/x',
    'mlflow-artifacts:/0/run/artifacts',
    'runs:/x',
    '',
    'root/0',
    './root',
    base,
    `file://${base}`,
    `${root}-sibling/0`,
    `${root}/../outside`,
    `file://${root}/../outside`,
    `file://${root}/%2e%2e/outside`,
    `file://${root}/0%2f..%2f..%2foutside`,
    `file://${root}/0%00`,
    `file://elsewhere${root}/0`,
    `${uri}?x=../../..`,
    `${uri}#x`,
    'file:///',
    '/',
    `${root}\0`
  ]
  expect(inside.filter((one) => !folder.serves(one))).toEqual([])
  expect(elsewhere.filter((one) => folder.serves(one))).toEqual([])
})

test('[LA3] a plain path is a root like a URI, and named as it came', async () => {
  const plain = await LocalFolder.open(`${root}/`)
  expect(plain.uri).toBe(root)
  expect(await (await plain.open(`${root}/0/run/artifacts`, 'a.txt'))?.blob.text()).toBe('alpha')
  await expect(LocalFolder.open('file://host/share')).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
})

test('[LA4] symlinks that lead out are as if they were not there; those that stay in are followed', async () => {
  await symlink(join(base, 'canary'), join(run, 'link.txt'))
  await symlink('../../../../canary', join(run, 'relative.txt'))
  await symlink(join(base, 'outside'), join(run, 'linkdir'))
  await symlink('/proc/self', join(run, 'proc'))
  await symlink(join(run, 'nowhere'), join(run, 'broken'))
  await symlink(join(run, 'loop'), join(run, 'loop'))
  await symlink(join(run, 'dir'), join(run, 'inner'))
  await symlink('a.txt', join(run, 'inner.txt'))
  expect(await folder.list(uri, '')).toEqual([
    { path: 'a.txt', isDir: false, size: 5 },
    { path: 'dir', isDir: true, size: 0 },
    { path: 'inner', isDir: true, size: 0 },
    { path: 'inner.txt', isDir: false, size: 5 }
  ])
  for (const path of ['link.txt', 'relative.txt', 'linkdir/canary', 'proc/environ', 'broken', 'loop', 'loop/x'])
    expect([path, await read(path)]).toEqual([path, null])
  expect([await names('linkdir'), await names('linkdir/sub'), await names('proc')]).toEqual([[], [], []])
  expect([await read('inner/b.txt'), await read('inner.txt'), await names('inner')]).toEqual([
    'beta',
    'alpha',
    ['inner/b.txt']
  ])
})

test('[LA5] a run, an experiment or the parent of anything that is a symlink out is empty', async () => {
  await symlink(join(base, 'outside'), join(root, '7'))
  await mkdir(join(root, '8'))
  await symlink(base, join(root, '8', 'run'))
  for (const [from, path] of [
    [`${folder.uri}/7`, 'canary'],
    [`${folder.uri}/8/run/outside`, 'canary'],
    [`${folder.uri}/8/run`, 'outside/canary']
  ] as const) {
    expect([from, await read(path, from), await names('', from)]).toEqual([from, null, []])
    const before = await outside()
    await expect(folder.put(from, path, bytes('written'))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await expect(folder.put(from, 'new/file', bytes('written'))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await folder.remove(`${from}/outside`)
    expect(await outside()).toEqual(before)
  }
})

test('[LA6] writing and removing through symlinks changes nothing outside', async () => {
  await symlink(join(base, 'outside'), join(run, 'linkdir'))
  await symlink(join(base, 'canary'), join(run, 'link.txt'))
  const before = await outside()
  for (const path of ['linkdir/canary', 'linkdir/new.txt', 'linkdir/sub/new.txt', 'linkdir/new/new.txt'])
    await expect(folder.put(uri, path, bytes('written'))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  // The link itself is replaced, as a rename does.
  await folder.put(uri, 'link.txt', bytes('written'))
  expect(await read('link.txt')).toBe('written')
  await folder.remove(uri)
  expect(await outside()).toEqual(before)
  await symlink(join(base, 'outside'), join(root, '0', 'gone'))
  await folder.remove(`${folder.uri}/0/gone`)
  expect(await outside()).toEqual(before)
  expect(await readdir(root)).toEqual([])
})

test('[LA7] nothing left of an upload that breaks off, and the old file stands', async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('half'))
    },
    pull() {
      throw new Error('aborted')
    }
  })
  await expect(folder.put(uri, 'a.txt', broken)).rejects.toEqual(code('BAD_REQUEST'))
  expect([await read('a.txt'), await readdir(run)]).toEqual(['alpha', ['a.txt', 'dir']])
})

test('[LA8] a file that changes between its measure and its reading is not read', async () => {
  const opened = (await folder.open(uri, 'a.txt'))!
  await truncate(join(run, 'a.txt'), 2)
  await expect(opened.blob.text()).rejects.toEqual(code('TEMPORARILY_UNAVAILABLE'))
  const swapped = (await folder.open(uri, 'dir/b.txt'))!
  await rename(join(run, 'dir'), join(run, 'dir2'))
  await symlink(join(base, 'outside'), join(run, 'dir'))
  await writeFile(join(base, 'outside', 'b.txt'), CANARY)
  await expect(swapped.blob.text()).rejects.toEqual(code('TEMPORARILY_UNAVAILABLE'))
})

test.skipIf(process.platform === 'win32')('[LA9] a pipe, which would hang whoever opens it, is no file', async () => {
  execFileSync('mkfifo', [join(run, 'pipe')])
  expect([await read('pipe'), await names('')]).toEqual([null, ['a.txt', 'dir']])
})

describe('races', () => {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  /** Puts `real` and `link`, a symlink out of the root, at one place in turns, until told to stop. */
  function flip(place: string, real: string, link: string) {
    let isOn = true
    // An upload may have made the folder again meanwhile.
    const moveTo = async (from: string): Promise<void> => {
      const move = () =>
        rename(from, place).then(
          () => true,
          () => false
        )
      // It may be written to while it is taken away.
      while (!(await move())) await rm(place, { recursive: true, force: true }).catch(() => undefined)
    }
    const flipping = (async () => {
      for (let turn = 0; isOn; turn++) {
        await rename(place, real)
        await moveTo(link)
        await rename(place, link)
        await moveTo(real)
        if (turn % 16 === 0) await pause(3)
      }
    })()
    return async () => {
      isOn = false
      await flipping
    }
  }

  let stop: () => Promise<void>
  let before: Record<string, string>
  beforeEach(async () => {
    await writeFile(join(base, 'outside', 'b.txt'), CANARY)
    await writeFile(join(base, 'outside', 'sub', 'canary'), CANARY)
    await mkdir(join(run, 'dir', 'sub'))
    await symlink(join(base, 'outside'), join(run, 'link'))
    before = await outside()
    stop = flip(join(run, 'dir'), join(run, 'real'), join(run, 'link'))
  })
  afterEach(() => stop())

  test('[LA10] a parent that is swapped for a symlink again and again never serves or lists what is outside', async () => {
    let served = 0
    const end = Date.now() + 3000
    while (Date.now() < end) {
      const [text, listed] = await Promise.all([read('dir/b.txt').catch(() => null), names('dir/sub').catch(() => [])])
      if (text !== null) served++
      expect(text ?? 'beta').toBe('beta')
      expect(listed).toEqual([])
    }
    await stop()
    expect(served).toBeGreaterThan(0)
    expect(await outside()).toEqual(before)
  })

  test('[LA11] nor takes a byte there', async () => {
    let written = 0
    const end = Date.now() + 2000
    for (let i = 0; Date.now() < end; i++)
      await folder.put(uri, `dir/sub/put-${i}.txt`, bytes('put')).then(
        () => void written++,
        () => undefined
      )
    await stop()
    expect(written).toBeGreaterThan(0)
    expect(await outside()).toEqual(before)
  })
})
