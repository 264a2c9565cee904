import WebSocket from 'ws'

interface HeapUsage {
  readonly usedSize: number
  readonly backingStorageSize: number
}

/**
 * What the store's worker holds: its heap after a collection, and its buffers, the memory of SQLite among them. Bytes.
 * Playwright has no door to shared workers, so the browser is asked directly; it was launched with `--remote-debugging-port=PORT`.
 */
export async function workerMemory(port: number): Promise<number> {
  const { webSocketDebuggerUrl } = (await (await fetch(`http://127.0.0.1:${port}/json/version`)).json()) as {
    webSocketDebuggerUrl: string
  }
  const socket = new WebSocket(webSocketDebuggerUrl)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  try {
    const { targetInfos } = await ask<{ targetInfos: { type: string; targetId: string }[] }>(
      socket,
      'Target.getTargets',
      { filter: [{}] }
    )
    const worker = targetInfos.find(({ type }) => type === 'shared_worker')
    if (!worker) throw new Error('The store has no shared worker')
    const { sessionId } = await ask<{ sessionId: string }>(socket, 'Target.attachToTarget', {
      targetId: worker.targetId,
      flatten: true
    })
    await ask(socket, 'HeapProfiler.collectGarbage', {}, sessionId)
    const { usedSize, backingStorageSize } = await ask<HeapUsage>(socket, 'Runtime.getHeapUsage', {}, sessionId)
    return usedSize + backingStorageSize
  } finally {
    socket.close()
  }
}

let asked = 0

function ask<T>(socket: WebSocket, method: string, params: object, sessionId?: string): Promise<T> {
  const id = ++asked
  return new Promise((resolve, reject) => {
    const onMessage = (data: WebSocket.RawData): void => {
      const message = JSON.parse((data as Buffer).toString()) as {
        id?: number
        result?: T
        error?: { message: string }
      }
      if (message.id !== id) return
      socket.off('message', onMessage)
      if (message.error) reject(new Error(`${method}: ${message.error.message}`))
      else resolve(message.result!)
    }
    socket.on('message', onMessage)
    socket.send(JSON.stringify({ id, method, params, sessionId }))
  })
}
