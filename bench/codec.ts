// What a metric point takes as a chunk, and how long it takes to write and read: seven kinds of series. See bench/README.md.
import { envelopeBytes, openChunk, packSeries, sealSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import { sliceSeries, type Series } from '#lib/domain/series.ts'
import { metricSeries, METRIC_KINDS } from './support/metric-series.ts'
import { percentile, report } from './support/report.ts'

const POINTS = 100_000
const PACKED_POINTS = 100
const ROUNDS = 15
const MUST = { bytes_per_point: 4, encode_ns_per_point: 250, decode_ns_per_point: 100 }

/** Rounds of one thing, by the clock and by the processor: all threads of this process, so that neighbours on the machine do not count. */
class Stopwatch {
  readonly #wallMs: number[] = []
  readonly #cpuMs: number[] = []

  async time<Result>(work: () => Promise<Result>): Promise<Result> {
    const [start, before] = [performance.now(), process.cpuUsage()]
    const result = await work()
    const spent = process.cpuUsage(before)
    this.#wallMs.push(performance.now() - start)
    this.#cpuMs.push((spent.user + spent.system) / 1000)
    return result
  }

  figures(name: string): Record<string, number> {
    const perPoint = (ms: number): number => (ms * 1e6) / POINTS
    return {
      [`${name}_ns_per_point`]: perPoint(percentile(this.#wallMs, 0.5)),
      [`${name}_best_ns_per_point`]: perPoint(Math.min(...this.#wallMs)),
      [`${name}_worst_ns_per_point`]: perPoint(Math.max(...this.#wallMs)),
      [`${name}_cpu_ns_per_point`]: perPoint(percentile(this.#cpuMs, 0.5))
    }
  }
}

const figures: Record<string, Record<string, number>> = {}
for (const kind of METRIC_KINDS) {
  const series = metricSeries(kind, POINTS)
  figures[kind] = { ...(await sealed(series)), ...(await packed(series)) }
}
console.table(rounded(figures))
const mean = (name: string): number => {
  const each = Object.values(figures).map((figure) => figure[name]!)
  return each.reduce((sum, value) => sum + value, 0) / each.length
}
const means = Object.fromEntries(Object.keys(Object.values(figures)[0]!).map((name) => [name, mean(name)]))
report('codec', means)
if (Object.entries(MUST).some(([name, most]) => !(means[name]! <= most))) process.exitCode = 1

async function sealed(series: Series): Promise<Record<string, number>> {
  const parts = cut(series, CHUNK.points)
  const [encode, decode] = [new Stopwatch(), new Stopwatch()]
  let chunks: readonly Uint8Array[] = []
  for (let round = 0; round < ROUNDS; round++) {
    chunks = await encode.time(() => inTurn(parts, sealSeries))
    check(await decode.time(() => inTurn(chunks, openChunk)), parts)
  }
  return {
    bytes_per_point: sum(chunks.map((chunk) => chunk.length)) / POINTS,
    envelope_bytes_per_point: sum(chunks.map(envelopeBytes)) / POINTS,
    ...encode.figures('encode'),
    ...decode.figures('decode')
  }
}

async function packed(series: Series): Promise<Record<string, number>> {
  const parts = cut(series, PACKED_POINTS)
  const [pack, unpack] = [new Stopwatch(), new Stopwatch()]
  let chunks: readonly Uint8Array[] = []
  for (let round = 0; round < ROUNDS; round++) {
    chunks = await pack.time(async () => parts.map((part) => packSeries(part)))
    check(await unpack.time(async () => chunks.map(unpackSeries)), parts)
  }
  return {
    packed_bytes_per_point: sum(chunks.map((chunk) => chunk.length)) / POINTS,
    packed_one_bytes: packSeries(sliceSeries(series, 5000, 5001)).length,
    ...pack.figures('pack'),
    ...unpack.figures('unpack')
  }
}

async function inTurn<From, To>(items: readonly From[], work: (item: From) => Promise<To>): Promise<To[]> {
  const results: To[] = []
  for (const item of items) results.push(await work(item))
  return results
}

function cut(series: Series, length: number): Series[] {
  const count = Math.ceil(series.values.length / length)
  return Array.from({ length: count }, (_, i) => sliceSeries(series, i * length, (i + 1) * length))
}

function check(read: readonly Series[], written: readonly Series[]): void {
  for (const [i, { steps, timestamps, values }] of written.entries()) {
    const same = (a: Float64Array, b: Float64Array): boolean =>
      Buffer.compare(new Uint8Array(a.buffer), new Uint8Array(b.buffer)) === 0
    if (same(steps, read[i]!.steps) && same(timestamps, read[i]!.timestamps) && same(values, read[i]!.values)) continue
    throw new Error('What was read is not what was written.')
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function rounded(table: Readonly<Record<string, Record<string, number>>>): typeof table {
  const short = (row: Record<string, number>) =>
    Object.entries(row).map(([name, value]) => [
      name.replace('_per_point', '').replaceAll('_', ' '),
      Number(value.toFixed(2))
    ])
  return Object.fromEntries(Object.entries(table).map(([kind, row]) => [kind, Object.fromEntries(short(row))]))
}
