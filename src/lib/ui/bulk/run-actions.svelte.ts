import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { Live } from '#lib/live/live.svelte.ts'
import type { ColumnRef, RunRow } from '#lib/live/protocol.ts'
import { saveBlob } from '../run/save-file.ts'
import { columnId, isRef, type Fact } from '../runs-table/columns.ts'
import type { RunsTable } from '../runs-table/runs-table.svelte.ts'
import { writeClipboard } from '../shared/clipboard.ts'
import { plural } from '../shared/format.ts'
import type { MenuItem } from '../shared/menu-item.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import type { Bulk } from './bulk.svelte.ts'
import { LOCKED } from '../sharing/share-words.ts'
import { copyTable, FORMAT_NAMES, FORMATS, formatCopy, type CopyFormat } from './copy-format.ts'

export interface RunActionsInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly bulk: Bulk
  readonly table: RunsTable
  /** Names the files. */
  readonly experimentName: () => string
}

/** What is asked about some runs before it is done to them. */
export interface Question {
  readonly kind: 'rename' | 'tags' | 'move'
  readonly ids: readonly RunId[]
}

/** What can be done to the runs of one table: the same in the bar, the menu of a row, and on the keys. */
export class RunActions {
  readonly #inputs: RunActionsInputs
  question = $state.raw<Question | null>(null)

  constructor(inputs: RunActionsInputs) {
    this.#inputs = inputs
  }

  get bulk(): Bulk {
    return this.#inputs.bulk
  }

  /** One run is renamed in its row, several by a pattern. */
  rename(ids: readonly RunId[]): void {
    if (this.#inputs.table.locked !== null) return
    const { table } = this.#inputs
    if (ids.length > 1) return this.ask('rename', ids)
    table.activeId = table.renamingId = ids[0] ?? null
  }

  ask(kind: Question['kind'], ids: readonly RunId[]): void {
    if (ids.length > 0) this.question = { kind, ids }
  }

  async move(ids: readonly RunId[], to: { readonly experimentId: ExperimentId; readonly name: string }): Promise<void> {
    await this.#inputs.table.leave(ids, () => this.bulk.move(ids, to))
  }

  /** In the order of the table, as far as they are in it. */
  async inOrder(ids: readonly RunId[]): Promise<readonly RunId[]> {
    if (ids.length < 2) return ids
    const wanted = new Set(ids)
    const ordered = (await this.#inputs.table.matchingIds()).filter((id) => wanted.has(id))
    for (const id of ordered) wanted.delete(id)
    return [...ordered, ...wanted]
  }

  rows(ids: readonly RunId[], columns: readonly ColumnRef[]): Promise<readonly RunRow[]> {
    return this.#inputs.live.commands.runRows(ids, columns)
  }

  // ── copies ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** With the columns that show; the runs given, or all that match. */
  async copy(format: CopyFormat, to: 'clipboard' | 'file', ids?: readonly RunId[]): Promise<void> {
    const { table, toasts, bulk } = this.#inputs
    const refs = table.shown.filter(isRef)
    const facts = table.shown.filter((column): column is Fact => !isRef(column))
    try {
      const chosen = ids === undefined ? await table.matchingIds() : await this.inOrder(ids)
      const rows = await bulk.read('Reading runs', chosen, (part) => this.rows(part, refs))
      if (rows === null) return
      const { text, disarmed } = formatCopy(copyTable(rows, facts, refs.map(columnId)), format)
      if (to === 'clipboard') await writeClipboard(text)
      else saveBlob(new Blob([text]), `${fileName(this.#inputs.experimentName())}.${format}`)
      toasts.show({ message: saidOf(rows.length, format, to) + warning(disarmed) })
    } catch (error) {
      toasts.fail('The runs could not be copied.', error)
    }
  }

  /** `ids` undefined: all that match. */
  copyItems(ids?: readonly RunId[]): readonly (readonly MenuItem[])[] {
    const item = (format: CopyFormat, to: 'clipboard' | 'file'): MenuItem => ({
      label: `${to === 'clipboard' ? 'Copy as' : 'Download'} ${FORMAT_NAMES[format]}`,
      icon: to === 'clipboard' ? 'copy' : 'download',
      onselect: () => void this.copy(format, to, ids)
    })
    return [FORMATS.map((format) => item(format, 'clipboard')), FORMATS.map((format) => item(format, 'file'))]
  }

  // ── menus ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Of items that change runs, where they cannot be changed. */
  get #lock(): Pick<MenuItem, 'disabled' | 'note'> {
    return this.#inputs.table.locked === null ? {} : LOCKED
  }

  /** Marking is for runs whose program is gone without saying so. */
  endItems(ids: readonly RunId[]): readonly MenuItem[] {
    return (['FINISHED', 'FAILED', 'KILLED'] as const).map((status) => ({
      label: `Mark as ${status.toLowerCase()}`,
      icon: 'stop' as const,
      onselect: () => void this.bulk.end(ids, status),
      ...this.#lock
    }))
  }

  /** Everything, for the menu of a row. */
  menu(ids: readonly RunId[]): readonly (readonly MenuItem[])[] {
    const { table } = this.#inputs
    const restore: MenuItem = {
      label: 'Restore',
      icon: 'restore',
      onselect: () => void table.restore(ids),
      ...this.#lock
    }
    const [copies = []] = this.copyItems(ids)
    if (table.state.view === 'DELETED_ONLY') return [[restore], copies]
    const trash: MenuItem = {
      label: 'Move to trash',
      icon: 'trash',
      danger: true,
      combo: 'Backspace',
      onselect: () => void table.trash(ids),
      ...this.#lock
    }
    return [
      [
        {
          label: 'Rename',
          icon: 'edit',
          combo: ids.length > 1 ? 'r' : 'e',
          onselect: () => this.rename(ids),
          ...this.#lock
        },
        { label: 'Tags', icon: 'tag', combo: 't', onselect: () => this.ask('tags', ids), ...this.#lock },
        {
          label: 'Move to experiment',
          icon: 'folder',
          combo: 'm',
          onselect: () => this.ask('move', ids),
          ...this.#lock
        }
      ],
      this.endItems(ids),
      copies,
      table.state.view === 'ALL' ? [restore, trash] : [trash]
    ]
  }
}

const saidOf = (count: number, format: CopyFormat, to: 'clipboard' | 'file'): string =>
  `${to === 'clipboard' ? 'Copied' : 'Downloaded'} ${plural(count, 'run')} as ${FORMAT_NAMES[format]}.`

const warning = (disarmed: number): string =>
  disarmed === 0
    ? ''
    : ` ${plural(disarmed, 'value')} that a spreadsheet would run as a formula got an apostrophe in front.`

const fileName = (experiment: string): string => `${experiment.replace(/[^\p{L}\p{N}._ -]+/gu, '-')} runs`
