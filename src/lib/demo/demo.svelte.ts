/** The demo as the whole app sees it: it goes on while pages come and go, and can be stopped from any of them. */
import { createContext } from 'svelte'
import type { DemoProgress } from './iris-demo.ts'
import { nextFrame } from './next-frame.ts'
import type { RunLogger } from './run-logger.ts'

export interface DemoGround {
  readonly experimentId: string
  readonly logger: RunLogger
}

export interface DemoHost {
  /** Make the experiment and a way to log into it. */
  readonly open: () => Promise<DemoGround>
  /** The experiment is there: somebody wants to watch it. */
  readonly onStarted: (experimentId: string) => void
  readonly onFailed: (error: unknown) => void
}

export class Demo {
  readonly #host: DemoHost
  #stop = $state.raw<AbortController | null>(null)
  #stopping = $state(false)
  #progress = $state.raw<DemoProgress | null>(null)

  constructor(host: DemoHost) {
    this.#host = host
  }

  get running(): boolean {
    return this.#stop !== null
  }

  /** `Run 2 of 3, epoch 84 of 200`, or what it is doing before and after. Null when it does not run. */
  get progressText(): string | null {
    if (this.#stop === null) return null
    if (this.#stopping) return 'Stopping'
    const at = this.#progress
    return at === null ? 'Starting' : `Run ${at.run} of ${at.runs}, epoch ${at.epoch} of ${at.epochs}`
  }

  /** 0 … 1. */
  get share(): number {
    const at = this.#progress
    return at === null ? 0 : (at.run - 1 + at.epoch / at.epochs) / at.runs
  }

  async start(): Promise<void> {
    if (this.#stop !== null) return
    const stop = new AbortController()
    this.#stop = stop
    this.#progress = null
    try {
      const [{ runIrisDemo }, ground] = await Promise.all([import('./iris-demo.ts'), this.#host.open()])
      this.#host.onStarted(ground.experimentId)
      await runIrisDemo({
        ...ground,
        signal: stop.signal,
        nextFrame,
        onProgress: (progress) => (this.#progress = progress)
      })
    } catch (error) {
      this.#host.onFailed(error)
    } finally {
      this.#stop = null
      this.#stopping = false
    }
  }

  /** Between two epochs; what was logged stays. */
  stop(): void {
    if (this.#stop === null) return
    this.#stopping = true
    this.#stop.abort()
  }
}

export const [useDemo, setDemo] = createContext<Demo>()
