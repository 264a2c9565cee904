/** The one text editor of the app: Markdown, in the app's own colours. Loaded when somebody writes. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { markdown } from '@codemirror/lang-markdown'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap, placeholder as placeholderText } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'
import type { NoteProvider } from './note-provider.ts'

export interface EditorOptions {
  readonly parent: HTMLElement
  /** Its name for screen readers. */
  readonly label: string
  readonly placeholder?: string
  readonly isReader?: boolean
  /** `⌘ Enter` or `Ctrl Enter`. */
  readonly onSave?: () => void
  /** Escape. Returns whether it was for something. */
  readonly onEscape?: () => boolean
}

/** For one writer. `onChange` gets the whole text. */
export function plainEditor(options: EditorOptions, text: string, onChange: (text: string) => void): EditorView {
  return open(options, text, [
    history(),
    keymap.of(historyKeymap),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString())
    })
  ])
}

/** For all who write it now; undo takes back only one's own. */
export function sharedEditor(options: EditorOptions, { text, awareness }: NoteProvider): EditorView {
  const undoManager = new Y.UndoManager(text)
  return open(options, text.toJSON(), [keymap.of(yUndoManagerKeymap), yCollab(text, awareness, { undoManager })])
}

function open(options: EditorOptions, text: string, extensions: Extension): EditorView {
  const { parent, label, placeholder, isReader = false, onSave, onEscape } = options
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([
          { key: 'Mod-Enter', run: () => done(onSave) },
          { key: 'Escape', run: () => onEscape?.() ?? false }
        ]),
        extensions,
        keymap.of(defaultKeymap),
        markdown(),
        syntaxHighlighting(COLORS),
        EditorView.lineWrapping,
        drawSelection(),
        EditorState.readOnly.of(isReader),
        EditorView.editable.of(!isReader),
        EditorView.contentAttributes.of({
          'aria-label': label,
          spellcheck: 'true',
          ...(isReader && { tabindex: '0', 'aria-readonly': 'true' })
        }),
        placeholder === undefined ? [] : placeholderText(placeholder),
        LOOK
      ]
    })
  })
}

function done(run: (() => void) | undefined): boolean {
  run?.()
  return run !== undefined
}

const COLORS = HighlightStyle.define([
  { tag: tags.heading, fontWeight: '700', color: 'var(--ink)' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: [tags.link, tags.url], color: 'var(--accent)' },
  { tag: [tags.monospace, tags.quote], color: 'var(--ink-soft)' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.meta, tags.comment], color: 'var(--ink-faint)' }
])

const LOOK = EditorView.theme({
  '&': {
    border: '1px solid var(--edge)',
    borderRadius: 'var(--radius)',
    background: 'var(--paper-raised)',
    color: 'var(--ink)',
    fontSize: 'var(--text-s)'
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '0', borderColor: 'var(--accent)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', minHeight: '9lh', maxHeight: '60vh' },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 12px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--accent-soft)'
  },
  '.cm-placeholder': { color: 'var(--ink-faint)' },
  // Names stay: who writes where is what they are for.
  '.cm-ySelectionInfo': {
    padding: '0 4px',
    borderRadius: '3px',
    fontFamily: 'var(--font)',
    fontSize: 'var(--text-xs)',
    lineHeight: '1.4',
    opacity: '1',
    color: '#ffffff',
    textShadow: '0 0 2px rgb(0 0 0 / 50%)'
  }
})
