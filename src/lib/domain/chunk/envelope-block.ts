/** An envelope as bytes: its arrays as columns, one after the other, each behind a byte for its kind. */
import { badChunk, ByteReader } from './bytes.ts'
import { nodeSize, nodesOf, type ChunkEnvelope, type Extremes, type Oddities } from './envelope.ts'
import { INTEGER_KINDS, planIntegers, readIntegers, writeIntegers, type IntegerPlan } from './integers.ts'
import { byteToValueKind, planValues, readValues, valueKindToByte, writeValues, type ValuePlan } from './values.ts'

const STEPS_NEVER_FALL = 1
const TIMESTAMPS_NEVER_FALL = 2
/** Steps and timestamps are columns of doubles, as they are too far apart, or too far from 0, for distances that are exact. */
const WIDE = 4

const COLUMNS = 19

/** Of a chunk of so many points: no column has more than eight bytes a node, or two numbers. */
export const mostEnvelopeBytes = (points: number): number => 1 + COLUMNS * (1 + 8 * Math.max(2, nodesOf(points)))

type Plan = { readonly integers: IntegerPlan } | { readonly values: ValuePlan }

export function writeEnvelope(envelope: ChunkEnvelope): Uint8Array<ArrayBuffer> {
  const distances = distancesOf(envelope)
  const places = distances ?? absolutes(envelope)
  const plans: Plan[] = [
    ...places.map((column) =>
      distances === null ? { values: planValues(column) } : { integers: planIntegers(column) }
    ),
    ...[envelope.least, envelope.greatest].map(({ values }) => ({ values: planValues(withoutGaps(values)) })),
    ...odditiesOf(envelope).map(({ counts }) => ({ integers: planIntegers(new Float64Array(counts)) }))
  ]
  const out = new Uint8Array(plans.reduce((sum, plan) => sum + 1 + sizeOf(plan), 1))
  out[0] =
    (envelope.stepsNeverFall ? STEPS_NEVER_FALL : 0) |
    (envelope.timestampsNeverFall ? TIMESTAMPS_NEVER_FALL : 0) |
    (distances === null ? WIDE : 0)
  let at = 1
  for (const plan of plans) at = writeColumn(out, at, plan)
  return out
}

export function readEnvelope(bytes: Uint8Array, points: number): ChunkEnvelope {
  const nodes = nodesOf(points)
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  if (flags > (STEPS_NEVER_FALL | TIMESTAMPS_NEVER_FALL | WIDE))
    throw badChunk('its envelope has flags that are not known')
  const places = readPlaces(reader, nodes, (flags & WIDE) !== 0)
  const [least, greatest] = [readDoubles(reader, nodes), readDoubles(reader, nodes)]
  const counts = [readCounts(reader, nodes), readCounts(reader, nodes), readCounts(reader, nodes)] as const
  reader.end()
  const finite = finiteOf(counts, points)
  const [steps, timestamps] = places
  return {
    points,
    stepsNeverFall: (flags & STEPS_NEVER_FALL) !== 0,
    timestampsNeverFall: (flags & TIMESTAMPS_NEVER_FALL) !== 0,
    steps: { low: steps[0]!, high: steps[1]! },
    timestamps: { low: timestamps[0]!, high: timestamps[1]! },
    least: extremes(finite, least, steps[2]!, timestamps[2]!),
    greatest: extremes(finite, greatest, steps[3]!, timestamps[3]!),
    finite,
    nan: oddities(counts[0], steps[4]!, timestamps[4]!),
    positiveInfinity: oddities(counts[1], steps[5]!, timestamps[5]!),
    negativeInfinity: oddities(counts[2], steps[6]!, timestamps[6]!)
  }
}

type Axis = 'steps' | 'timestamps'
const AXES: readonly Axis[] = ['steps', 'timestamps']
type Columns = readonly Float64Array<ArrayBuffer>[]

const odditiesOf = (envelope: ChunkEnvelope): readonly Oddities[] => [
  envelope.nan,
  envelope.positiveInfinity,
  envelope.negativeInfinity
]

/** Of one axis: low, high, least, greatest, then the first of each oddity. Where there is none its place is that of the low. */
function placesOf(envelope: ChunkEnvelope, axis: Axis): Columns {
  const { low, high } = envelope[axis]
  const marks = [envelope.least, envelope.greatest, ...odditiesOf(envelope)]
  return [low, high, ...marks.map((mark) => mark[axis].map((place, i) => (place !== place ? low[i]! : place)))]
}

const absolutes = (envelope: ChunkEnvelope): Columns => AXES.flatMap((axis) => placesOf(envelope, axis))

/** The lows, and how far everything else is above them; null when that cannot be said exactly. */
function distancesOf(envelope: ChunkEnvelope): Columns | null {
  const columns = AXES.flatMap((axis) => {
    const [low, ...others] = placesOf(envelope, axis)
    return [low!, ...others.map((places) => places.map((place, i) => place - low![i]!))]
  })
  return columns.every((column) => column.every(Number.isSafeInteger)) ? columns : null
}

/** Values with the one before in place of each gap, so that the column stays of the kind it is. */
function withoutGaps(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  let last = 0
  return values.map((value) => (last = value !== value ? last : value))
}

function sizeOf(plan: Plan): number {
  return 'values' in plan ? plan.values.bytes : plan.integers.bytes
}

function writeColumn(out: Uint8Array, at: number, plan: Plan): number {
  if ('values' in plan) {
    out[at] = valueKindToByte(plan.values.kind)
    return writeValues(out, at + 1, plan.values)
  }
  out[at] = INTEGER_KINDS.indexOf(plan.integers.kind)
  return writeIntegers(out, at + 1, plan.integers)
}

function readPlaces(reader: ByteReader, nodes: number, wide: boolean): readonly [steps: Columns, timestamps: Columns] {
  const read = (): Columns => {
    const columns = Array.from({ length: 7 }, () => (wide ? readDoubles(reader, nodes) : readSafe(reader, nodes)))
    if (!wide) for (const column of columns.slice(1)) addTo(column, columns[0]!)
    if (columns.some((column) => !column.every(Number.isInteger)))
      throw badChunk('its envelope has a place that is no integer')
    return columns
  }
  return [read(), read()]
}

function addTo(distances: Float64Array, low: Float64Array): void {
  for (let i = 0; i < distances.length; i++) distances[i] = distances[i]! + low[i]!
}

function readSafe(reader: ByteReader, nodes: number): Float64Array<ArrayBuffer> {
  const byte = reader.byte()
  const kind = INTEGER_KINDS[byte]
  if (kind === undefined) throw badChunk(`there is no kind ${byte} of integers`)
  return readIntegers(reader, kind, nodes)
}

function readDoubles(reader: ByteReader, nodes: number): Float64Array<ArrayBuffer> {
  return readValues(reader, byteToValueKind(reader.byte()), nodes)
}

function readCounts(reader: ByteReader, nodes: number): Uint16Array<ArrayBuffer> {
  const counts = readSafe(reader, nodes)
  if (counts.some((count) => count < 0 || count > 0xffff)) throw badChunk('its envelope has a count that cannot be')
  return new Uint16Array(counts)
}

function finiteOf(counts: readonly Uint16Array[], points: number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from({ length: nodesOf(points) }, (_, node) => {
    const finite = counts.reduce((left, count) => left - count[node]!, nodeSize(points, node))
    if (finite < 0) throw badChunk('its envelope counts more points than there are')
    return finite
  })
}

const there = (counts: Uint16Array, column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> =>
  column.map((number, i) => (counts[i] === 0 ? NaN : number))

const extremes = (
  finite: Uint16Array,
  values: Float64Array<ArrayBuffer>,
  steps: Float64Array<ArrayBuffer>,
  timestamps: Float64Array<ArrayBuffer>
): Extremes => ({ values: there(finite, values), steps: there(finite, steps), timestamps: there(finite, timestamps) })

const oddities = (
  counts: Uint16Array<ArrayBuffer>,
  steps: Float64Array<ArrayBuffer>,
  timestamps: Float64Array<ArrayBuffer>
): Oddities => ({ counts, steps: there(counts, steps), timestamps: there(counts, timestamps) })
