import { expect, test, vi } from 'vitest'
import { createNotebookSession } from '#lib/bridge/notebook-session.ts'
import { sessionMark } from '#lib/store/sessions.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { Link } from './link.ts'
import { OpStream } from './stream.ts'

test('a page that is left before it is connected, and comes back from the browser’s memory, connects then', async () => {
  const { store } = await openTestStore('node:sqlite')
  const stream = new OpStream({ session: 's1', onNeeded: () => link.need(), onChange: () => undefined })
  const given: MessagePort[] = []
  const port = () => {
    const { port1, port2 } = new MessageChannel()
    given.push(port2)
    return port1
  }
  const link = new Link({ stream, route: { port }, client: { name: 'n', version: '1' }, onState: () => undefined })
  const logged = stream.op({ op: 'skip' })
  await vi.waitFor(() => expect(given).toHaveLength(1))
  expect(link.state).toBe('connecting')
  link.leave()
  link.comeBack()
  await vi.waitFor(() => expect(given).toHaveLength(2))
  createNotebookSession({
    store,
    api: () => Promise.resolve(new Response(null, { status: 404 })),
    port: given[1]!,
    session: 's1',
    writer: 'w1',
    origin: 'http://notebook.test',
    epoch: 'e1',
    onClose: () => undefined
  })
  await logged
  expect(await store.read((r) => sessionMark(r, 's1'))).toBe(1)
  link.leave()
})
