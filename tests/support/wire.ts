import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** A wire to a host, which can be cut and counts what goes over it. To a browser it is another origin than the host itself. */
export interface Wire {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string
  /** Bytes from the host since the wire was laid, heads and frames among them. */
  readonly received: () => number
  /** End what is connected, and let nobody through, until it is mended. */
  readonly cut: () => void
  readonly mend: () => void
  readonly stop: () => Promise<void>
}

/** Lay a wire on loopback to a port on loopback. */
export const layWire = async (toPort: number): Promise<Wire> => {
  const sockets = new Set<Socket>()
  let isCut = false
  let received = 0
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(toPort, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    far.on('data', (bytes) => (received += bytes.length))
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received,
    cut: () => {
      isCut = true
      end()
    },
    mend: () => {
      isCut = false
    },
    stop: async () => {
      end()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
