/** Resolves at the next frame. A hidden tab draws no frames and slows its timers to one a second, so there it only lets others have a turn. */
export const nextFrame = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.hidden) return takeTurn(resolve)
    const finish = (): void => {
      cancelAnimationFrame(frame)
      document.removeEventListener('visibilitychange', finish)
      resolve()
    }
    const frame = requestAnimationFrame(finish)
    document.addEventListener('visibilitychange', finish)
  })

function takeTurn(then: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    then()
  }
  port2.postMessage(null)
}
