import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HOST } from '#lib/domain/limits.ts'
import { listen, type Listening, type ListenLimits } from './listen.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const start = async (limits: Partial<ListenLimits>, answer = () => new Response('here')): Promise<Listening> => {
  const listening = await listen(answer, { host: '127.0.0.1', port: 0 }, { ...HOST, slowCheckEveryMs: 50, ...limits })
  ends.push(listening.close)
  return listening
}

const open = async ({ port }: Listening): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  ends.push(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

const closed = (socket: Socket): Promise<unknown> => {
  socket.resume()
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve))
}

describe('clients that take too long', () => {
  it('[HO40] headers that never end cost a connection only for a while', async () => {
    const slow = await open(await start({ headersMs: 200 }))
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n')
    const drip = setInterval(() => slow.write('X-More: y\r\n'), 20)
    await closed(slow)
    clearInterval(drip)
  })

  it('[HO41] a body that never ends does too', async () => {
    const slow = await open(await start({ headersMs: 100, requestMs: 200 }))
    slow.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n')
    const drip = setInterval(() => slow.write('y'), 20)
    await closed(slow)
    clearInterval(drip)
  })

  it('[HO42] so does a connection on which nothing moves', async () => {
    const silent = await open(await start({ idleMs: 100 }))
    await closed(silent)
  })
})

describe('clients that take too much', () => {
  it('[HO43] one client holds so many connections, and those that close make room', async () => {
    const listening = await start({ connectionsPerClient: 3 })
    const sockets = [await open(listening), await open(listening), await open(listening)]
    await closed(await open(listening))
    expect(sockets.some((socket) => socket.closed)).toBe(false)
    sockets[0]?.destroy()
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${listening.port}`).catch(() => null))?.status)
      .toBe(200)
  })
})

describe('closing', () => {
  it('[HO44] lets a request finish that has begun, and takes no more', async () => {
    const answered = Promise.withResolvers<Response>()
    const listening = await start({}, () => answered.promise as unknown as Response)
    const address = `http://127.0.0.1:${listening.port}`
    const response = fetch(address)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const closing = listening.close()
    await expect(fetch(address)).rejects.toThrow()
    answered.resolve(new Response('whole'))
    expect(await (await response).text()).toBe('whole')
    await closing
  })

  it('[HO45] ends one that takes longer than its grace', async () => {
    const listening = await start({ closeGraceMs: 200 }, () => new Promise(() => undefined) as unknown as Response)
    const response = fetch(`http://127.0.0.1:${listening.port}`)
    const failed = expect(response).rejects.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await listening.close()
    await failed
  })
})
