/**
 * What Node tells of the machine and of its own process. Modules come from the process itself: the SDK imports nothing that a browser or a
 * bundler would have to find.
 *
 * In a container CPU, memory, disk and network are what the container sees of its machine, as in MLflow; the process's are its own.
 */
import { MEGABYTE, metersOf, type Meter, type Readings } from './meter.ts'

/** The parts of Node that are read, so that a test can hand in others. */
export interface NodeParts {
  readonly process: Pick<NodeJS.Process, 'cpuUsage' | 'memoryUsage' | 'platform'>
  /** Ms, from any point on, never backwards. */
  readonly now: () => number
  readonly os?: {
    cpus(): readonly { readonly times: Readonly<Record<string, number>> }[]
    totalmem(): number
    freemem(): number
  }
  readonly fs?: {
    statfsSync(path: string): DiskBlocks
    readFileSync(path: string, encoding: 'utf8'): string
  }
  readonly perf_hooks?: { monitorEventLoopDelay(options: { resolution: number }): Delays }
}

interface DiskBlocks {
  readonly bsize: number
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
}

interface Delays {
  /** Nanoseconds. */
  readonly max: number
  readonly count: number
  enable(): boolean
  disable(): boolean
  reset(): void
}

/** Null where there is no Node, or what calls itself so tells nothing. */
export function nodeParts(): NodeParts | null {
  if (typeof process === 'undefined' || typeof process.cpuUsage !== 'function') return null
  const now = (): number => performance.now()
  // Node has it from 22.3 on.
  if (typeof process.getBuiltinModule !== 'function') return { process, now }
  const builtin = process.getBuiltinModule.bind(process)
  return { process, now, os: builtin('os'), fs: builtin('fs'), perf_hooks: builtin('perf_hooks') }
}

/** Those that this platform has. */
export function nodeMeters(parts: NodeParts): Meter[] {
  const { os, fs, perf_hooks: hooks } = parts
  return metersOf([
    () => os && new CpuMeter(os),
    () => os && { read: () => memoryOf(os) },
    () => fs && diskMeter(fs, parts.process.platform),
    () => fs && new NetworkMeter(fs),
    () => new ProcessMeter(parts),
    () => hooks && new LoopMeter(hooks)
  ])
}

/** All processors together, the time they waited for disks left out of both sides, as libuv does not tell it. */
class CpuMeter implements Meter {
  readonly #os: NonNullable<NodeParts['os']>
  #last: { readonly all: number; readonly idle: number }

  constructor(os: NonNullable<NodeParts['os']>) {
    this.#os = os
    this.#last = this.#times()
    // Some sandboxes tell of no processor at all.
    if (this.#last.all === 0) throw new Error('There are no processors to read.')
  }

  #times(): { readonly all: number; readonly idle: number } {
    let all = 0
    let idle = 0
    for (const { times } of this.#os.cpus()) {
      for (const name in times) all += times[name]!
      idle += times['idle'] ?? 0
    }
    return { all, idle }
  }

  read(): Readings {
    const before = this.#last
    const { all, idle } = (this.#last = this.#times())
    const passed = all - before.all
    // The kernel counts in hundredths of a second; a processor taken away takes its count with it.
    if (passed <= 0) return {}
    return { cpu_utilization_percentage: clamp(100 * (1 - (idle - before.idle) / passed)) }
  }
}

const clamp = (percentage: number): number => Math.min(100, Math.max(0, percentage))

function memoryOf(os: NonNullable<NodeParts['os']>): Readings {
  const total = os.totalmem()
  const used = total - os.freemem()
  return {
    system_memory_usage_megabytes: used / MEGABYTE,
    system_memory_usage_percentage: (used / total) * 100
  }
}

/** The disk of the root, as in MLflow: on Windows the one this process runs on. The percentage is of what a user can have. */
function diskMeter(fs: NonNullable<NodeParts['fs']>, platform: string): Meter {
  const root = platform === 'win32' ? '\\' : '/'
  const read = (): Readings => {
    const { bsize, blocks, bfree, bavail } = fs.statfsSync(root)
    const used = (blocks - bfree) * bsize
    const available = bavail * bsize
    return {
      disk_usage_percentage: (used / (used + available)) * 100,
      disk_usage_megabytes: used / MEGABYTE,
      disk_available_megabytes: available / MEGABYTE
    }
  }
  read()
  return { read }
}

/** Linux alone tells it in a file; elsewhere there is no file, and so no meter. */
class NetworkMeter implements Meter {
  readonly #fs: NonNullable<NodeParts['fs']>
  readonly #first: { readonly received: number; readonly sent: number }

  constructor(fs: NonNullable<NodeParts['fs']>) {
    this.#fs = fs
    this.#first = this.#bytes()
  }

  #bytes(): { readonly received: number; readonly sent: number } {
    return parseNetDev(this.#fs.readFileSync('/proc/net/dev', 'utf8'))
  }

  read(): Readings {
    const { received, sent } = this.#bytes()
    return {
      network_receive_megabytes: (received - this.#first.received) / MEGABYTE,
      network_transmit_megabytes: (sent - this.#first.sent) / MEGABYTE
    }
  }
}

/** Bytes of all interfaces together, loopback too, as psutil counts them. `name: received packets … (8 columns) sent …` after two lines of heading. */
export function parseNetDev(text: string): { received: number; sent: number } {
  const sum = { received: 0, sent: 0 }
  for (const line of text.split('\n').slice(2)) {
    const columns = line
      .slice(line.lastIndexOf(':') + 1)
      .trim()
      .split(/\s+/)
    if (columns.length < 9) continue
    sum.received += Number(columns[0])
    sum.sent += Number(columns[8])
  }
  return sum
}

class ProcessMeter implements Meter {
  readonly #parts: NodeParts
  #lastCpu: { readonly user: number; readonly system: number }
  #lastTime: number

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#lastCpu = parts.process.cpuUsage()
    this.#lastTime = parts.now()
  }

  read(): Readings {
    const { process, now } = this.#parts
    const [cpu, time, memory] = [process.cpuUsage(), now(), process.memoryUsage()]
    const busyMs = (cpu.user + cpu.system - this.#lastCpu.user - this.#lastCpu.system) / 1000
    const passedMs = time - this.#lastTime
    this.#lastCpu = cpu
    this.#lastTime = time
    return {
      ...(passedMs > 0 && { process_cpu_utilization_percentage: (100 * busyMs) / passedMs }),
      process_memory_usage_megabytes: memory.rss / MEGABYTE,
      process_heap_usage_megabytes: memory.heapUsed / MEGABYTE
    }
  }
}

/** How often the loop is looked at: 0.1 % of a processor; every 20 ms it would be 0.3. */
const BEAT_MS = 50

class LoopMeter implements Meter {
  readonly #delays: Delays

  constructor(hooks: NonNullable<NodeParts['perf_hooks']>) {
    this.#delays = hooks.monitorEventLoopDelay({ resolution: BEAT_MS })
    this.#delays.enable()
  }

  read(): Readings {
    const { count, max } = this.#delays
    this.#delays.reset()
    // What is recorded is the time from beat to beat.
    return count === 0 ? {} : { event_loop_delay_milliseconds: Math.max(0, max / 1e6 - BEAT_MS) }
  }

  close(): void {
    this.#delays.disable()
  }
}
