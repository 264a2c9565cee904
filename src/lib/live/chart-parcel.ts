/**
 * A chart's answers on their way: of each one only what the reader does not have yet.
 *
 *   ChartAnswer ─► ChartSender ─► parcel: one array of new numbers, and where they go ─► ChartReader ─► ChartAnswer
 *
 * A column of numbers travels as "keep so many of what you have, then these": points that were appended cost what they are, and a late point
 * what follows it. A line nobody touched does not travel at all.
 *
 * Invariants
 * - Parcels arrive in the order they were made, each once; a sender and its reader begin together with a whole parcel.
 * - Arrays of answers are never written to once somebody has them: the sender compares with what it sent, and readers keep theirs.
 */
import { assert } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartAnswer, ChartBand, ChartLine } from './protocol.ts'

type Numbers = Float64Array<ArrayBuffer>

export interface ChartParcel {
  /** Whether the reader begins anew: everything comes, and nothing of before counts. */
  readonly whole: boolean
  /** All numbers that are new, column after column: the one array that is transferred. */
  readonly numbers: Numbers
  /** How many lines the answer has, and those that changed, in order. */
  readonly lineCount: number
  readonly lines: readonly LinePart[]
  /** Null when the answer has no bands. */
  readonly bands: readonly BandPart[] | null
}

/** For each column how many numbers stay, and how many new ones follow: pairs, one after the other. */
type Columns = readonly number[]

export interface LinePart {
  readonly at: number
  readonly runId: RunId
  readonly count: number
  readonly sampled: boolean
  /** NaN, +Infinity, -Infinity. */
  readonly odd: readonly [number, number, number]
  readonly unplaced: number
  readonly isSmooth: boolean
  readonly columns: Columns
}

export interface BandPart {
  readonly group: number
  readonly columns: Columns
}

const columnsOfLine = ({ raw, smooth }: ChartLine): Numbers[] => [
  raw.x,
  raw.y,
  raw.nanX,
  raw.posInfX,
  raw.negInfX,
  ...(smooth ? [smooth.x, smooth.y] : [])
]

const columnsOfBand = ({ x, mean, min, max, runs }: ChartBand): Numbers[] => [x, mean, min, max, runs]

// ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export class ChartSender {
  #sent: ChartAnswer | null = null

  /** The next parcel is a whole one. */
  begin(): void {
    this.#sent = null
  }

  pack(answer: ChartAnswer): ChartParcel {
    const sent = this.#sent
    this.#sent = answer
    const added: Numbers[] = []
    const part = (columns: readonly Numbers[], before: readonly Numbers[]): Columns =>
      columns.flatMap((column, i) => {
        const keep = commonStart(column, before[i])
        added.push(column.subarray(keep))
        return [keep, column.length - keep]
      })
    const lines = answer.lines.flatMap((line, at): LinePart[] => {
      const before = sent?.lines[at]
      if (line === before) return []
      const { runId, raw, smooth, unplaced } = line
      return [
        {
          at,
          runId,
          count: raw.count,
          sampled: raw.sampled,
          odd: [raw.nanCount, raw.posInfCount, raw.negInfCount],
          unplaced,
          isSmooth: smooth !== null,
          columns: part(columnsOfLine(line), before ? columnsOfLine(before) : [])
        }
      ]
    })
    const bands =
      answer.bands?.map((band, at): BandPart => {
        const before = sent?.bands?.[at]
        return { group: band.group, columns: part(columnsOfBand(band), before ? columnsOfBand(before) : []) }
      }) ?? null
    return { whole: sent === null, numbers: concatenated(added), lineCount: answer.lines.length, lines, bands }
  }
}

/** How many numbers at the start of two columns are the same, to the bit: 0 is not -0. */
function commonStart(a: Numbers, b: Numbers | undefined): number {
  if (b === undefined) return 0
  if (a === b) return a.length
  const most = Math.min(a.length, b.length)
  const bitsA = new Uint32Array(a.buffer, a.byteOffset, 2 * most)
  const bitsB = new Uint32Array(b.buffer, b.byteOffset, 2 * most)
  let i = 0
  while (i < 2 * most && bitsA[i] === bitsB[i]) i++
  return i >> 1
}

function concatenated(columns: readonly Numbers[]): Numbers {
  const all = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const column of columns) {
    all.set(column, at)
    at += column.length
  }
  return all
}

/** Whether two answers say the same, to the bit. */
export const isSameChart = (a: ChartAnswer, b: ChartAnswer): boolean =>
  a.lines.length === b.lines.length &&
  a.bands?.length === b.bands?.length &&
  a.lines.every((line, at) => isSameLine(line, b.lines[at]!)) &&
  (a.bands ?? []).every((band, at) => {
    const other = b.bands![at]!
    return band.group === other.group && isSameColumns(columnsOfBand(band), columnsOfBand(other))
  })

function isSameLine(a: ChartLine, b: ChartLine): boolean {
  if (a === b) return true
  const [one, other] = [a.raw, b.raw]
  return (
    a.runId === b.runId &&
    a.unplaced === b.unplaced &&
    one.count === other.count &&
    one.sampled === other.sampled &&
    one.nanCount === other.nanCount &&
    one.posInfCount === other.posInfCount &&
    one.negInfCount === other.negInfCount &&
    isSameColumns(columnsOfLine(a), columnsOfLine(b))
  )
}

const isSameColumns = (a: readonly Numbers[], b: readonly Numbers[]): boolean =>
  a.length === b.length &&
  a.every((column, i) => column.length === b[i]!.length && commonStart(column, b[i]) === column.length)

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export class ChartReader {
  #answer: ChartAnswer = { lines: [], bands: null }
  #lines: Column[][] = []
  #bands: Column[][] = []

  /** The answer whole: lines that did not change are the very ones of the answer before. */
  read(parcel: ChartParcel): ChartAnswer {
    if (parcel.whole) {
      this.#answer = { lines: [], bands: null }
      this.#lines = []
      this.#bands = []
    }
    let at = 0
    const take = (columns: Column[], parts: Columns): Numbers[] => {
      const views: Numbers[] = []
      for (let i = 0; i < parts.length; i += 2) {
        const [keep, add] = [parts[i]!, parts[i + 1]!]
        const column = (columns[i / 2] ??= new Column())
        views.push(column.take(keep, parcel.numbers.subarray(at, at + add)))
        at += add
      }
      columns.length = views.length
      return views
    }
    const lines = this.#answer.lines.slice(0, parcel.lineCount)
    for (const part of parcel.lines) lines[part.at] = lineFrom(part, take((this.#lines[part.at] ??= []), part.columns))
    assert(
      parcel.whole || lines.length === this.#answer.lines.length,
      'a parcel that is no whole one changes lines the reader has'
    )
    const bands = parcel.bands?.map((part, i) => bandFrom(part, take((this.#bands[i] ??= []), part.columns))) ?? null
    this.#answer = { lines, bands }
    return this.#answer
  }
}

function lineFrom(part: LinePart, [x, y, nanX, posInfX, negInfX, smoothX, smoothY]: readonly Numbers[]): ChartLine {
  const [nanCount, posInfCount, negInfCount] = part.odd
  return {
    runId: part.runId,
    raw: {
      x: x!,
      y: y!,
      count: part.count,
      sampled: part.sampled,
      nanX: nanX!,
      posInfX: posInfX!,
      negInfX: negInfX!,
      nanCount,
      posInfCount,
      negInfCount
    },
    smooth: part.isSmooth ? { x: smoothX!, y: smoothY! } : null,
    unplaced: part.unplaced
  }
}

function bandFrom({ group }: BandPart, [x, mean, min, max, runs]: readonly Numbers[]): ChartBand {
  return { group, x: x!, mean: mean!, min: min!, max: max!, runs: runs! }
}

/** A column that grows at its end without being copied each time. Views that were given out never change. */
class Column {
  #numbers: Numbers = new Float64Array()
  #length = 0
  /** Numbers from here on nobody has seen. */
  #fresh = 0

  take(keep: number, added: Numbers): Numbers {
    assert(keep <= this.#length, 'a parcel keeps only what was sent')
    const length = keep + added.length
    // As they came: most lines never grow.
    if (keep === 0) this.#numbers = added
    else if (added.length > 0) {
      if (keep < this.#fresh || length > this.#numbers.length) this.#copy(keep, length)
      this.#numbers.set(added, keep)
    }
    this.#fresh = keep === 0 ? length : Math.max(this.#fresh, length)
    this.#length = length
    return this.#numbers.subarray(0, length)
  }

  #copy(keep: number, length: number): void {
    const roomier = new Float64Array(Math.ceil(length * 1.25) + 8)
    roomier.set(this.#numbers.subarray(0, keep))
    this.#numbers = roomier
    this.#fresh = keep
  }
}
