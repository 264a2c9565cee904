// Bundled by ../chart-stage.ts. Puts the app's own chart components on a bare page, with the app's own downsampling behind them.
import '#lib/ui/shared/tokens.css'
import '#lib/ui/shared/global.css'
import { flushSync, mount, type ComponentProps } from 'svelte'
import type BarPanel from '#lib/charts/BarPanel.svelte'
import type DataTable from '#lib/charts/DataTable.svelte'
import type LinePanel from '#lib/charts/LinePanel.svelte'
import type { Range } from '#lib/charts/scale.ts'
import type ScatterPanel from '#lib/charts/ScatterPanel.svelte'
import { bandGrid, bandOf, runColumns } from '#lib/domain/bands.ts'
import { downsample } from '#lib/domain/downsample.ts'
import { smoothed } from '#lib/domain/smoothing.ts'
import { reactive } from './reactive.svelte.ts'
import Stage from './Stage.svelte'

export type StagePanel =
  | ({ kind: 'line'; range?: Range | null } & Omit<ComponentProps<typeof LinePanel>, 'range' | 'onrange' | 'cursor'>)
  | ({ kind: 'bar' } & ComponentProps<typeof BarPanel>)
  | ({ kind: 'scatter' } & ComponentProps<typeof ScatterPanel>)
  | ({ kind: 'table' } & ComponentProps<typeof DataTable>)

export interface StageScene {
  width: number
  height: number
  panels: StagePanel[]
  onrange?: (range: Range | null) => void
  /** The components, once they are there. */
  made: unknown[]
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
