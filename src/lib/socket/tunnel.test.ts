import * as Comlink from 'comlink'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SOCKET } from '#lib/domain/limits.ts'
import { CLOSE, protocolsFor, tokenAmong } from './agreement.ts'
import { encodeFrame } from './frame.ts'
import type { Port } from './port.ts'
import { Tunnel, type Socket, type TunnelOptions } from './tunnel.ts'

/** Two ends of a socket in this process: what one sends, the other gets in a later task. */
class PairedSocket extends EventTarget implements Socket {
  binaryType = 'blob'
  bufferedAmount = 0
  readyState = 1
  other!: PairedSocket

  send(bytes: Uint8Array<ArrayBuffer>): void {
    const data = bytes.slice().buffer
    setTimeout(() => this.other.dispatchEvent(new MessageEvent('message', { data })))
  }

  close(code = 1005): void {
    for (const end of [this, this.other]) {
      if (end.readyState !== 1) continue
      end.readyState = 3
      setTimeout(() => end.dispatchEvent(Object.assign(new Event('close'), { code })))
    }
  }

  declare addEventListener: Socket['addEventListener'] & EventTarget['addEventListener']
}

interface Pair {
  readonly page: Tunnel
  readonly host: Tunnel
  readonly pageSocket: PairedSocket
  readonly hostSocket: PairedSocket
}

const pairs: Pair[] = []

function pair(options: Partial<TunnelOptions> = {}): Pair {
  const pageSocket = new PairedSocket()
  const hostSocket = new PairedSocket()
  pageSocket.other = hostSocket
  hostSocket.other = pageSocket
  const made = {
    pageSocket,
    hostSocket,
    page: new Tunnel(pageSocket, { side: 'page', ports: true, ...options }),
    host: new Tunnel(hostSocket, { side: 'host', ports: true, ...options })
  }
  pairs.push(made)
  return made
}

function heardBy(port: Port | MessagePort): unknown[] {
  const heard: unknown[] = []
  port.onmessage = ({ data }: MessageEvent<unknown>) => heard.push(data)
  return heard
}

afterEach(() => {
  for (const { page } of pairs.splice(0)) page.close(CLOSE.done)
  vi.restoreAllMocks()
})

describe('a tunnel', () => {
  test('[SK7] carries Comlink: objects, callbacks and what they throw', async () => {
    const { page, host } = pair()
    const counter = (onCount: (count: number) => void) => {
      let count = 0
      return Comlink.proxy({
        add: (by: number) => {
          if (by < 0) throw new RangeError('Only up.')
          onCount((count += by))
          return new Float64Array([count])
        }
      })
    }
    Comlink.expose({ counter }, host.root)
    const remote = Comlink.wrap<{ counter: typeof counter }>(page.root)
    const seen: number[] = []
    const one = await remote.counter(Comlink.proxy((count: number) => void seen.push(count)))
    const two = await remote.counter(Comlink.proxy(() => undefined))
    expect(await one.add(2)).toEqual(new Float64Array([2]))
    expect(await two.add(5)).toEqual(new Float64Array([5]))
    await expect(one.add(-1)).rejects.toThrow('Only up.')
    await one.add(1)
    await vi.waitFor(() => expect(seen).toEqual([2, 3]))
  })

  test('[SK8] keeps the order of messages, also past a Blob that has to be read', async () => {
    const { page, host } = pair()
    const heard = heardBy(host.root)
    page.root.postMessage(0)
    page.root.postMessage({ file: new Blob(['x'.repeat(1_000_000)]) })
    for (let i = 1; i < 20; i++) page.root.postMessage(i)
    page.root.close()
    await vi.waitFor(() => expect(heard).toHaveLength(21))
    expect(heard[1]).toMatchObject({ file: { size: 1_000_000 } })
    expect(heard.filter((value) => typeof value === 'number')).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(await host.closed).toBe(CLOSE.done)
  })

  test('[SK9] holds what comes before anybody listens', async () => {
    const { page, host } = pair()
    page.root.postMessage('early')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const heard: unknown[] = []
    host.root.start()
    host.root.addEventListener('message', ((event: MessageEvent) => heard.push(event.data)) as unknown as EventListener)
    await vi.waitFor(() => expect(heard).toEqual(['early']))
  })

  test('[SK10] closes the ports that went through it, with it or one by one', async () => {
    const { page, host } = pair()
    const arrived: MessagePort[] = []
    host.root.onmessage = ({ data }: MessageEvent<{ port: MessagePort }>) => arrived.push(data.port)
    const [first, second] = [new MessageChannel(), new MessageChannel()]
    const closed: string[] = []
    first.port2.addEventListener('close', () => closed.push('first'))
    second.port2.addEventListener('close', () => closed.push('second'))
    for (const { port1 } of [first, second]) page.root.postMessage({ port: port1 })
    await vi.waitFor(() => expect(arrived).toHaveLength(2))
    const heard = heardBy(arrived[0]!)
    first.port2.postMessage({ nested: new Uint16Array([1, 2]) })
    await vi.waitFor(() => expect(heard).toEqual([{ nested: new Uint16Array([1, 2]) }]))
    arrived[0]!.close()
    await vi.waitFor(() => expect(closed).toEqual(['first']))
    let isRootClosed = false
    page.root.addEventListener('close', () => (isRootClosed = true))
    host.close(CLOSE.goingAway)
    await vi.waitFor(() => expect(closed).toEqual(['first', 'second']))
    expect(isRootClosed).toBe(true)
    expect(await page.closed).toBe(CLOSE.goingAway)
  })

  test('[SK11] is closed by the host when a page does not read, and not before', async () => {
    const { page, host, hostSocket } = pair()
    heardBy(page.root)
    hostSocket.bufferedAmount = SOCKET.waitingBytes
    host.root.postMessage('fits')
    expect(hostSocket.readyState).toBe(1)
    hostSocket.bufferedAmount++
    host.root.postMessage('does not')
    expect(await page.closed).toBe(CLOSE.slow)
  })

  test('[SK12] is closed when more is sent than can be held for nobody', async () => {
    const { page, host } = pair()
    const part = new Uint8Array(SOCKET.heldBytes / 2)
    page.root.postMessage(part)
    page.root.postMessage(part)
    expect(await host.closed).toBe(CLOSE.malformed)
  })

  test('[SK13] without ports refuses them, at both ends', async () => {
    const { page, host, pageSocket } = pair({ ports: false })
    heardBy(host.root)
    expect(() => page.root.postMessage({ port: new MessageChannel().port1 })).toThrow('A port cannot be sent here.')
    const frame = encodeFrame('message', 0, { port: new MessageChannel().port1 }, () => 1) as Uint8Array<ArrayBuffer>
    pageSocket.send(frame)
    expect(await host.closed).toBe(CLOSE.malformed)
  })

  test('[SK14] sends why in place of an answer that no frame can hold', async () => {
    const insteadOf = (message: unknown, why: string) => ({ ...(message as object), value: why })
    const { page, host } = pair({ insteadOf })
    const heard = heardBy(page.root)
    host.root.postMessage({ id: 1, value: new Uint8Array(SOCKET.frameBytes) })
    await vi.waitFor(() => expect(heard).toEqual([{ id: 1, value: 'A message can be at most 64 MB.' }]))
  })

  test('[SK15] outlives a message for a port that is closed already, and a listener that throws', async () => {
    const { page, host, pageSocket } = pair()
    const heard = heardBy(host.root)
    pageSocket.send(encodeFrame('message', 41, 'too late') as Uint8Array<ArrayBuffer>)
    pageSocket.send(encodeFrame('close', 41) as Uint8Array<ArrayBuffer>)
    page.root.postMessage('after')
    await vi.waitFor(() => expect(heard).toEqual(['after']))
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    host.root.addEventListener('message', () => {
      throw new Error('A bug.')
    })
    page.root.postMessage('and now')
    expect(await page.closed).toBe(CLOSE.failed)
  })

  test('[SK17] that this end has closed hears nothing more, though the other end goes on', async () => {
    const { page, host, hostSocket } = pair()
    const heard = heardBy(host.root)
    const { port1, port2 } = new MessageChannel()
    page.root.postMessage(['before', port2])
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    const lent = heardBy((heard[0] as [string, MessagePort])[1])
    port1.postMessage('through its port')
    await vi.waitFor(() => expect(lent).toEqual(['through its port']))
    // An end that does not let go: its socket stays as it is.
    hostSocket.close = () => undefined
    host.close(CLOSE.token)
    page.root.postMessage('after')
    port1.postMessage('after')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([heard.length, lent]).toEqual([1, ['through its port']])
    port1.close()
  })
})

test('[SK16] a token crosses as a subprotocol, whatever it is made of', () => {
  for (const token of ['a', 'a b/c+d=?', 'schlüssel ✓', 'x'.repeat(500)]) {
    const protocols = protocolsFor(token)
    expect(tokenAmong(protocols)).toBe(token)
    for (const name of protocols) expect(name).toMatch(/^[\w.-]+$/)
  }
  for (const none of [null, '']) expect(tokenAmong(protocolsFor(none))).toBeNull()
  expect(tokenAmong(['runnel.token.%%%'])).toBeNull()
})
