import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { MLFLOW_SYSTEM_METRICS, parseSystemMetric, SYSTEM_METRICS } from '#lib/domain/system-metrics.ts'
import mlflowNames from '../../tests/fixtures/mlflow-system-metrics.json' with { type: 'json' }
import { Samples } from './combine.ts'
import type { Meter, Readings } from './meter.ts'
import { nodeMeters, parseNetDev, type NodeParts } from './node-meters.ts'
import { resolveOptions } from './options.ts'
import { pageMeters, type PageParts } from './page-meters.ts'
import { SystemWatch, type WatchParts } from './watch.ts'

const readAll = (meters: readonly Meter[]): Readings =>
  Object.assign({}, ...meters.map((meter) => meter.read())) as Readings

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000 10 0 0 0 0 0 0 2000 10 0 0 0 0 0 0
  eth0:50000000 1 0 0 0 0 0 0 7000000 1 0 0 0 0 0 0
`

/** A machine with two processors, 8 GB and a disk of 100 GB, whose readings a test moves. */
function machine() {
  const state = { idle: 1000, busy: 0, cpuUs: 0, nowMs: 0, net: NET_DEV, maxNs: 55e6, resets: 0, isOn: false }
  const parts: NodeParts = {
    process: {
      platform: 'linux',
      cpuUsage: () => ({ user: state.cpuUs, system: state.cpuUs / 2 }),
      memoryUsage: (() => ({ rss: 200e6, heapUsed: 50e6 })) as unknown as NodeJS.Process['memoryUsage']
    },
    now: () => state.nowMs,
    os: {
      cpus: () => [0, 1].map(() => ({ times: { user: state.busy, nice: 0, sys: 0, idle: state.idle, irq: 0 } })),
      totalmem: () => 8e9,
      freemem: () => 6e9
    },
    fs: {
      statfsSync: (path) => {
        expect(path).toBe('/')
        return { bsize: 1000, blocks: 100e6, bfree: 30e6, bavail: 20e6 }
      },
      readFileSync: () => state.net
    },
    perf_hooks: {
      monitorEventLoopDelay: () => ({
        get max() {
          return state.maxNs
        },
        count: 1,
        enable: () => (state.isOn = true),
        disable: () => !(state.isOn = false),
        reset: () => void state.resets++
      })
    }
  }
  return { state, parts }
}

describe('meters of Node', () => {
  test('[SM1] MLflow’s metrics carry MLflow’s names, all but those of graphics cards', () => {
    const stock = mlflowNames.names.filter((name) => !name.startsWith('gpu_'))
    expect(Object.keys(MLFLOW_SYSTEM_METRICS).sort()).toEqual([...stock].sort())
  })

  test('[SM2] the host’s and the process’s own, of the time since the last reading', () => {
    const { state, parts } = machine()
    const meters = nodeMeters(parts)
    Object.assign(state, { idle: 1750, busy: 250, cpuUs: 500_000, nowMs: 1000 })
    state.net = NET_DEV.replace('50000000', '53000000').replace('2000 10', '502000 10')
    expect(readAll(meters)).toEqual({
      cpu_utilization_percentage: 25,
      system_memory_usage_megabytes: 2000,
      system_memory_usage_percentage: 25,
      disk_usage_percentage: (70 / 90) * 100,
      disk_usage_megabytes: 70_000,
      disk_available_megabytes: 20_000,
      network_receive_megabytes: 3,
      network_transmit_megabytes: 0.5,
      process_cpu_utilization_percentage: 75,
      process_memory_usage_megabytes: 200,
      process_heap_usage_megabytes: 50,
      event_loop_delay_milliseconds: 5
    })
    // Nothing has passed: no rate. What came over the network counts from the beginning.
    const next = readAll(meters)
    expect(next).not.toHaveProperty('cpu_utilization_percentage')
    expect(next).not.toHaveProperty('process_cpu_utilization_percentage')
    expect(next.network_receive_megabytes).toBe(3)
    expect(state).toMatchObject({ isOn: true, resets: 2 })
    for (const meter of meters) meter.close?.()
    expect(state.isOn).toBe(false)
  })

  test('[SM3] what a platform does not offer is left out', () => {
    const { parts } = machine()
    const windows: NodeParts = {
      ...parts,
      process: { ...parts.process, platform: 'win32' },
      fs: {
        statfsSync: (path) => {
          expect(path).toBe('\\')
          return { bsize: 1, blocks: 4, bfree: 3, bavail: 3 }
        },
        readFileSync: () => {
          throw new Error('ENOENT')
        }
      }
    }
    expect(Object.keys(readAll(nodeMeters(windows))).filter((name) => name.startsWith('network'))).toEqual([])
    // A Node before process.getBuiltinModule tells of its own process alone.
    const { process, now } = parts
    expect(Object.keys(readAll(nodeMeters({ process, now })))).toEqual([
      'process_memory_usage_megabytes',
      'process_heap_usage_megabytes'
    ])
    const sandboxed = { ...parts, os: { ...parts.os!, cpus: () => [] } }
    expect(readAll(nodeMeters(sandboxed))).not.toHaveProperty('cpu_utilization_percentage')
  })

  test('[SM4] bytes of all interfaces', () => {
    expect(parseNetDev(NET_DEV)).toEqual({ received: 50_001_000, sent: 7_002_000 })
    expect(parseNetDev('')).toEqual({ received: 0, sent: 0 })
  })
})

describe('meters of a page', () => {
  /** A page whose frames, tasks and sight a test moves. */
  function page() {
    const state = { nowMs: 0, hidden: false, frame: null as (() => void) | null, tasks: [] as number[] }
    let onSight: () => void = () => undefined
    class Observer {
      static supportedEntryTypes = ['longtask']
      observe() {}
      disconnect() {}
      takeRecords() {
        return state.tasks.splice(0).map((duration) => ({ duration }))
      }
    }
    const parts: PageParts = {
      now: () => state.nowMs,
      document: {
        get hidden() {
          return state.hidden
        },
        addEventListener: (_: string, listener: unknown) => void (onSight = listener as () => void),
        removeEventListener: () => void (onSight = () => undefined)
      },
      requestAnimationFrame: (callback) => {
        state.frame = callback
        return 1
      },
      cancelAnimationFrame: () => (state.frame = null),
      PerformanceObserver: Observer as unknown as typeof PerformanceObserver,
      performance: { memory: { usedJSHeapSize: 10e6 } }
    }
    const frames = (count: number, everyMs: number): void => {
      for (let i = 0; i < count; i++) {
        state.nowMs += everyMs
        state.frame?.()
      }
    }
    const setHidden = (hidden: boolean): void => {
      state.hidden = hidden
      onSight()
    }
    return { state, parts, frames, setHidden }
  }

  test('[SM5] memory, long tasks, and frames over the time in sight', () => {
    const { state, parts, frames, setHidden } = page()
    const meters = pageMeters(parts)
    frames(30, 1000 / 60)
    state.tasks.push(60, 70)
    const first = readAll(meters)
    expect(first.frames_per_second).toBeCloseTo(60)
    expect(first).toMatchObject({ js_heap_usage_megabytes: 10, long_task_milliseconds: 130 })
    // Half a second in sight with 15 frames, then nine seconds out of sight.
    frames(15, 1000 / 30)
    setHidden(true)
    expect(state.frame).toBeNull()
    state.nowMs += 9000
    const second = readAll(meters)
    expect(second.frames_per_second).toBeCloseTo(30)
    expect(second.long_task_milliseconds).toBe(0)
    // Never in sight, and in sight without a frame: nothing, rather than 0.
    state.nowMs += 10_000
    expect(readAll(meters)).not.toHaveProperty('frames_per_second')
    setHidden(false)
    state.nowMs += 10_000
    expect(readAll(meters)).not.toHaveProperty('frames_per_second')
    // Counted for a second, then left alone until the next sample.
    frames(8, 130)
    expect(state.frame).toBeNull()
    setHidden(true)
    setHidden(false)
    state.nowMs += 9000
    expect(state.frame).toBeNull()
    expect(readAll(meters).frames_per_second).toBeCloseTo(1000 / 130)
    expect(state.frame).not.toBeNull()
    for (const meter of meters) meter.close?.()
    expect(state.frame).toBeNull()
  })

  test('[SM6] a worker, or another browser, has what it has', () => {
    class Observer {
      static supportedEntryTypes = ['mark']
    }
    expect(pageMeters({ now: () => 0 })).toEqual([])
    const parts = { now: () => 0, PerformanceObserver: Observer as unknown as typeof PerformanceObserver }
    expect(pageMeters(parts)).toEqual([])
  })

  test('[SM7] a measurement that takes its time is told once, and asked for again', async () => {
    const measure = vi.fn(() => Promise.resolve({ bytes: 5e6 }))
    const meters = pageMeters({ now: () => 0, performance: { measureUserAgentSpecificMemory: measure } })
    expect(readAll(meters)).toEqual({})
    await Promise.resolve()
    expect(readAll(meters)).toEqual({ page_memory_usage_megabytes: 5 })
    expect(readAll(meters)).toEqual({})
    expect(measure).toHaveBeenCalledTimes(2)
    const refused = vi.fn(() => Promise.reject(new Error('SecurityError')))
    const none = pageMeters({ now: () => 0, performance: { measureUserAgentSpecificMemory: refused } })
    await Promise.resolve()
    await Promise.resolve()
    expect([readAll(none), readAll(none)]).toEqual([{}, {}])
    expect(refused).toHaveBeenCalledTimes(1)
  })
})

test('[SM8] samples become one value: means, sums, the last, the greatest', () => {
  const samples = new Samples()
  samples.add({ cpu_utilization_percentage: 10, long_task_milliseconds: 60, network_receive_megabytes: 1.25 })
  samples.add({ cpu_utilization_percentage: 20.34, long_task_milliseconds: 70, event_loop_delay_milliseconds: 9 })
  samples.add({ network_receive_megabytes: 2.123456, event_loop_delay_milliseconds: 3, frames_per_second: NaN })
  expect(samples.count).toBe(3)
  expect(Object.fromEntries(samples.take())).toEqual({
    cpu_utilization_percentage: 15.2,
    long_task_milliseconds: 130,
    event_loop_delay_milliseconds: 9,
    network_receive_megabytes: 2.123456
  })
  expect([samples.count, samples.take()]).toEqual([0, []])
})

describe('options', () => {
  const defaults = { intervalMs: 10_000, samplesBeforeLogging: 1, nodeId: '' }
  const env = {
    MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '0.5',
    MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING: '3',
    MLFLOW_SYSTEM_METRICS_NODE_ID: 'node-1'
  }

  test('[SM9] are MLflow’s unless said, by the run before all runs before the environment', () => {
    expect(resolveOptions([undefined, true], {})).toEqual(defaults)
    expect(resolveOptions([true, true], env)).toEqual({ intervalMs: 500, samplesBeforeLogging: 3, nodeId: 'node-1' })
    expect(resolveOptions([{ intervalMs: 200, samplesBeforeLogging: 2 }, { intervalMs: 300 }], env)).toEqual({
      intervalMs: 300,
      samplesBeforeLogging: 2,
      nodeId: 'node-1'
    })
  })

  test.each([
    [{ intervalMs: 0 }, {}],
    [{ intervalMs: NaN }, {}],
    [{ intervalMs: 2 ** 31 }, {}],
    [{ samplesBeforeLogging: 0 }, {}],
    [{ samplesBeforeLogging: 1.5 }, {}],
    [{ nodeId: 'a/b' }, {}],
    [{}, { MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: 'often' }]
  ])('[SM10] %j with %j is refused with a sentence', (asked, env) => {
    expect(() => resolveOptions([asked], env)).toThrow(/every|made of|named by|must be a number/)
  })
})

describe('a watch', () => {
  type Batch = { run_id: string; metrics: { key: string; value: number; step: number; timestamp: number }[] }
  const batches: Batch[] = []
  const warn = vi.fn()
  let isOver = false
  let latest: { key: string; step: number }[] = []
  let post: (batch: Batch) => Promise<unknown>

  beforeEach(() => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    batches.length = 0
    warn.mockClear()
    isOver = false
    latest = []
    post = (batch) => Promise.resolve(batches.push(batch))
  })

  let value = 0
  const close = vi.fn()
  const meter: Meter = { read: () => ({ cpu_utilization_percentage: ++value }), close }

  function watch(options: Partial<WatchParts['options']> = {}, meters: readonly Meter[] = [meter]): SystemWatch {
    value = 0
    return new SystemWatch({
      runId: 'r',
      options: { intervalMs: 1000, samplesBeforeLogging: 1, nodeId: '', ...options },
      meters,
      rest: {
        get: () => Promise.resolve({ run: { data: { metrics: latest } } }),
        post: (endpoint, body) => {
          expect(endpoint).toBe('runs/log-batch')
          return post(body as Batch)
        }
      },
      isOver: () => isOver,
      warn
    })
  }

  const points = () => batches.flatMap(({ metrics }) => metrics.map(({ key, step, value }) => [key, step, value]))
  const cpu = 'system/cpu_utilization_percentage'

  test('[SM11] logs after each interval, from step 0, and the last sample in part', async () => {
    const watching = watch()
    await vi.advanceTimersByTimeAsync(999)
    expect(points()).toEqual([])
    await vi.advanceTimersByTimeAsync(1501)
    await watching.stop()
    expect(points()).toEqual([
      [cpu, 0, 1],
      [cpu, 1, 2],
      [cpu, 2, 3]
    ])
    expect(batches[0]).toMatchObject({ run_id: 'r', metrics: [{ timestamp: expect.any(Number) as number }] })
    await vi.advanceTimersByTimeAsync(5000)
    await watching.stop()
    expect(points()).toHaveLength(3)
    expect(close).toHaveBeenCalled()
    expect(warn).not.toHaveBeenCalled()
  })

  test('[SM12] a rest too short to be measured is left out, and several samples are one point', async () => {
    const watching = watch({ samplesBeforeLogging: 2, nodeId: 'node-1' })
    await vi.advanceTimersByTimeAsync(3050)
    await watching.stop()
    expect(points()).toEqual([
      ['system/node-1/cpu_utilization_percentage', 0, 1.5],
      ['system/node-1/cpu_utilization_percentage', 1, 3]
    ])
  })

  test('[SM13] goes on after the greatest step of the run’s system metrics', async () => {
    latest = [
      { key: cpu, step: 4 },
      { key: 'system/gpu_0_utilization_percentage', step: 7 },
      { key: 'loss', step: 1000 }
    ]
    const watching = watch()
    await vi.advanceTimersByTimeAsync(2000)
    await watching.stop()
    expect(points().map(([, step]) => step)).toEqual([8, 9])
  })

  test('[SM14] keeps what a lost connection holds up, in order, and no more than its bound', async () => {
    let answer: () => void = () => undefined
    post = (batch) => {
      batches.push(batch)
      return new Promise<void>((resolve) => (answer = resolve))
    }
    const watching = watch()
    await vi.advanceTimersByTimeAsync(1_100_000)
    expect(batches).toHaveLength(1)
    expect(warn.mock.calls.every(([text]) => /oldest/.test(text as string))).toBe(true)
    expect(warn).toHaveBeenCalled()
    post = (batch) => Promise.resolve(batches.push(batch))
    const stopped = watching.stop()
    answer()
    await stopped
    const steps = points().map(([, step]) => step as number)
    expect(steps[0]).toBe(0)
    expect(steps.at(-1)).toBe(1099)
    expect(steps).toHaveLength(1001)
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
  })

  test('[SM15] a store that is full is asked again, one that refuses is not, and nothing is thrown', async () => {
    const busy = Object.assign(new Error('full'), { code: 'RESOURCE_EXHAUSTED' })
    post = () => Promise.reject(busy)
    const watching = watch()
    await vi.advanceTimersByTimeAsync(2000)
    expect(warn).toHaveBeenLastCalledWith('System metrics were not logged: full')
    post = (batch) => Promise.resolve(batches.push(batch))
    await vi.advanceTimersByTimeAsync(1000)
    expect(points().map(([, step]) => step)).toEqual([0, 1, 2])
    post = () => Promise.reject(Object.assign(new Error('gone'), { code: 'RESOURCE_DOES_NOT_EXIST' }))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.getTimerCount()).toBe(0)
    await watching.stop()
    expect(points()).toHaveLength(3)
  })

  test('[SM16] a meter that breaks is let go of, a connection that is over ends it without a word', async () => {
    const broken: Meter = {
      read: () => {
        throw new Error('EIO')
      }
    }
    watch({}, [broken, meter])
    await vi.advanceTimersByTimeAsync(3000)
    expect(points()).toHaveLength(3)
    expect(warn.mock.calls).toEqual([['Some system metrics cannot be read any more: EIO']])
    isOver = true
    await vi.advanceTimersByTimeAsync(1000)
    expect(vi.getTimerCount()).toBe(0)
    expect(warn).toHaveBeenCalledTimes(1)
  })
})

test('[SM17] keys are read back as group, node and name', () => {
  expect(parseSystemMetric('system/cpu_utilization_percentage')).toEqual({
    node: '',
    name: 'cpu_utilization_percentage',
    group: 'cpu'
  })
  expect(parseSystemMetric('system/node 1/gpu_0_power_usage_watts')).toMatchObject({ node: 'node 1', group: 'gpu' })
  expect(parseSystemMetric('system/constructor')).toMatchObject({ name: 'constructor', group: 'other' })
  for (const name of Object.keys(SYSTEM_METRICS)) expect(parseSystemMetric(`system/${name}`).group).not.toBe('other')
})
