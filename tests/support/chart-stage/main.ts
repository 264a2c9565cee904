// Bundled by ../chart-stage.ts. Puts the app's own chart components on a bare page, with the app's own downsampling behind them.
import '#lib/ui/shared/tokens.css'
import '#lib/ui/shared/global.css'
import { flushSync, mount } from 'svelte'
import type { Range } from '#lib/charts/scale.ts'
import type { YScale } from '#lib/charts/y-scale.ts'
import { bandGrid, bandOf, runColumns } from '#lib/domain/bands.ts'
import { downsample } from '#lib/domain/downsample.ts'
import { smoothed } from '#lib/domain/smoothing.ts'
import type { ChartBand, ChartLine, ChartX } from '#lib/live/protocol.ts'
import { reactive } from './reactive.svelte.ts'
import Stage from './Stage.svelte'

export interface StagePanel {
  lines: readonly ChartLine[]
  bands?: readonly ChartBand[] | null
  colors: Record<string, string>
  names: Record<string, string>
  groups?: Record<number, { name: string; color: string }>
  x: ChartX
  y: YScale
  range?: Range | null
  label: string
}

export interface StageScene {
  width: number
  height: number
  panels: StagePanel[]
  onrange?: (range: Range | null) => void
}

const domain = { bandGrid, bandOf, downsample, runColumns, smoothed }

declare global {
  var chartStage: {
    readonly show: (scene: StageScene) => void
    readonly domain: typeof domain
  }
}

let change: ((scene: StageScene) => void) | null = null

globalThis.chartStage = {
  domain,
  show: (scene) => {
    if (change !== null) return change(scene)
    const state = reactive(scene)
    mount(Stage, { target: document.body, props: state.props })
    change = (next) => flushSync(() => state.set(next))
    flushSync()
  }
}
