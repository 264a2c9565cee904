// What a metric point takes as a chunk, and how long it takes to write and read: seven kinds of series. See bench/README.md.
import { envelopeBytes, openChunk, packSeries, sealSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import { sliceSeries, type Series } from '#lib/domain/series.ts'
import { percentile, report } from './support/report.ts'
import { metricSeries, METRIC_KINDS } from './support/metric-series.ts'

const POINTS = 100_000
const PACKED_POINTS = 100
const ROUNDS = 15
const MUST = { bytes_per_point: 4, encode_ns_per_point: 250, decode_ns_per_point: 100 }

const figures: Record<string, Record<string, number>> = {}
for (const kind of METRIC_KINDS) {
  const series = metricSeries(kind, POINTS)
  figures[kind] = { ...(await sealed(series)), ...packed(series) }
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
  const [encode, decode]: [number[], number[]] = [[], []]
  let chunks: Uint8Array[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let start = performance.now()
    chunks = []
    for (const part of parts) chunks.push(await sealSeries(part))
    encode.push(performance.now() - start)
    start = performance.now()
    const read: Series[] = []
    for (const chunk of chunks) read.push(await openChunk(chunk))
    decode.push(performance.now() - start)
    check(read, parts)
  }
  return {
    bytes_per_point: sum(chunks.map((chunk) => chunk.length)) / POINTS,
    envelope_bytes_per_point: sum(chunks.map(envelopeBytes)) / POINTS,
    encode_ns_per_point: perPoint(percentile(encode, 0.5)),
    encode_best_ns_per_point: perPoint(Math.min(...encode)),
    encode_worst_ns_per_point: perPoint(Math.max(...encode)),
    decode_ns_per_point: perPoint(percentile(decode, 0.5)),
    decode_best_ns_per_point: perPoint(Math.min(...decode)),
    decode_worst_ns_per_point: perPoint(Math.max(...decode))
  }
}

function packed(series: Series): Record<string, number> {
  const parts = cut(series, PACKED_POINTS)
  const [encode, decode]: [number[], number[]] = [[], []]
  let chunks: Uint8Array[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let start = performance.now()
    chunks = parts.map(packSeries)
    encode.push(performance.now() - start)
    start = performance.now()
    const read = chunks.map(unpackSeries)
    decode.push(performance.now() - start)
    check(read, parts)
  }
  return {
    packed_bytes_per_point: sum(chunks.map((chunk) => chunk.length)) / POINTS,
    packed_one_bytes: packSeries(sliceSeries(series, 5000, 5001)).length,
    pack_ns_per_point: perPoint(percentile(encode, 0.5)),
    unpack_ns_per_point: perPoint(percentile(decode, 0.5))
  }
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

function perPoint(ms: number): number {
  return (ms * 1e6) / POINTS
}
function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function rounded(table: Readonly<Record<string, Record<string, number>>>): typeof table {
  return Object.fromEntries(
    Object.entries(table).map(([kind, row]) => [
      kind,
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name.replace('_per_point', '').replaceAll('_', ' '),
          Number(value.toFixed(2))
        ])
      )
    ])
  )
}
