import type { YScale } from '#lib/charts/y-scale.ts'
import type { Smoothing } from '#lib/domain/smoothing.ts'
import type { ChartX, ColumnRef } from '#lib/live/protocol.ts'
import { columnId, parseColumn } from '../runs-table/columns.ts'

/** How all charts of a tab are looked at, unless one has its own. */
export interface ChartSettings {
  readonly x: ChartX
  readonly y: YScale
  /** null draws the raw line alone. */
  readonly smoothing: Smoothing | null
  /** The param or tag whose values make the groups that are drawn as bands; null draws each run. */
  readonly groupBy: ColumnRef | null
  /** Whether a zoom in one chart is a zoom in all with the same x. */
  readonly linked: boolean
}

export const DEFAULT_SETTINGS: ChartSettings = { x: 'step', y: 'linear', smoothing: null, groupBy: null, linked: true }

/** A setting as it stands in a URL and in a saved layout. */
interface Word<Value> {
  readonly param: string
  readonly toText: (value: Value) => string
  /** undefined for what cannot be read. */
  readonly parse: (text: string) => Value | undefined
}

const METRIC = 'metric:'

/** Params of the URL by setting: `?x=relative&y=log&smooth=ema:0.6&bands=params.lr&zoom=alone`. */
const WORDS: { readonly [Name in keyof ChartSettings]: Word<ChartSettings[Name]> } = {
  x: { param: 'x', toText: xToText, parse: parseX },
  y: { param: 'y', toText: (y) => y, parse: (text) => (isYScale(text) ? text : undefined) },
  smoothing: { param: 'smooth', toText: smoothingToText, parse: parseSmoothing },
  groupBy: {
    param: 'bands',
    toText: (ref) => (ref === null ? 'none' : columnId(ref)),
    parse: (text) => (text === 'none' ? null : parseGroupBy(text))
  },
  linked: {
    param: 'zoom',
    toText: (linked) => (linked ? 'all' : 'alone'),
    parse: (text) => (text === 'all' ? true : text === 'alone' ? false : undefined)
  }
}

export const settingParam = (name: keyof ChartSettings): string => WORDS[name].param

const NAMES = Object.keys(WORDS) as (keyof ChartSettings)[]

/** Settings that somebody chose, by the params of the URL. What is missing or cannot be read is left to whoever comes next. */
export type SettingTexts = Readonly<Record<string, string | undefined>>

/** The settings in force: what the URL says, else what was saved, else the defaults. */
export const readSettings = (params: URLSearchParams, saved: SettingTexts): ChartSettings =>
  overlay(overlay(DEFAULT_SETTINGS, saved), Object.fromEntries(params))

/** Settings with those that `texts` says in their place. */
export function overlay(base: ChartSettings, texts: SettingTexts): ChartSettings {
  const read = <Name extends keyof ChartSettings>(name: Name): ChartSettings[Name] => {
    const text = texts[WORDS[name].param]
    const value = text === undefined ? undefined : WORDS[name].parse(text)
    return value === undefined ? base[name] : value
  }
  return { x: read('x'), y: read('y'), smoothing: read('smoothing'), groupBy: read('groupBy'), linked: read('linked') }
}

export function settingTexts(change: Partial<ChartSettings>): SettingTexts {
  return Object.fromEntries(NAMES.filter((name) => change[name] !== undefined).map((name) => textOf(name, change)))
}

function textOf<Name extends keyof ChartSettings>(name: Name, values: Partial<ChartSettings>): [string, string] {
  return [WORDS[name].param, WORDS[name].toText(values[name] as ChartSettings[Name])]
}

/** What is kept of saved settings: the params that are settings, where they can be read. */
export function readableTexts(texts: Readonly<Record<string, unknown>>): SettingTexts {
  const kept: Record<string, string> = {}
  for (const name of NAMES) {
    const { param, parse } = WORDS[name]
    const text = texts[param]
    if (typeof text === 'string' && parse(text) !== undefined) kept[param] = text
  }
  return kept
}

// ── x and y ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function xToText(x: ChartX): string {
  return typeof x === 'string' ? x : METRIC + x.metric
}

export function parseX(text: string): ChartX | undefined {
  if (text === 'step' || text === 'time' || text === 'relative') return text
  return text.startsWith(METRIC) && text.length > METRIC.length ? { metric: text.slice(METRIC.length) } : undefined
}

export const isYScale = (text: unknown): text is YScale => text === 'linear' || text === 'log' || text === 'symlog'

function parseGroupBy(text: string): ColumnRef | undefined {
  const column = parseColumn(text)
  return column !== null && typeof column !== 'string' && column.kind !== 'metric' ? column : undefined
}

// ── smoothing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type SmoothingKind = Smoothing['kind']

/** What each kind's strength may be, and what it starts at. Whole numbers for a window of points. */
export const STRENGTHS: Readonly<
  Record<SmoothingKind, { readonly min: number; readonly max: number; readonly step: number; readonly start: number }>
> = {
  ema: { min: 0, max: 0.999, step: 0.001, start: 0.6 },
  average: { min: 2, max: 1000, step: 1, start: 10 },
  gaussian: { min: 0.5, max: 200, step: 0.5, start: 3 }
}

export const strengthOf = (smoothing: Smoothing): number =>
  smoothing.kind === 'ema' ? smoothing.weight : smoothing.kind === 'average' ? smoothing.points : smoothing.sigma

/** Smoothing of a kind, its strength brought into what the kind allows. */
export function smoothingOf(kind: SmoothingKind, strength: number): Smoothing {
  const { min, max } = STRENGTHS[kind]
  const inside = Math.min(max, Math.max(min, strength))
  if (kind === 'ema') return { kind, weight: inside }
  return kind === 'average' ? { kind, points: Math.round(inside) } : { kind, sigma: inside }
}

export function smoothingToText(smoothing: Smoothing | null): string {
  return smoothing === null ? 'none' : `${smoothing.kind}:${strengthOf(smoothing)}`
}

export function parseSmoothing(text: string): Smoothing | null | undefined {
  if (text === 'none') return null
  const [kind, strength, ...rest] = text.split(':')
  if (rest.length > 0 || !strength || (kind !== 'ema' && kind !== 'average' && kind !== 'gaussian')) return undefined
  const value = Number(strength)
  const { min, max } = STRENGTHS[kind]
  return value >= min && value <= max ? smoothingOf(kind, value) : undefined
}
