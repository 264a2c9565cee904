import { writeClipboard } from '../shared/clipboard.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'

/** Put a text on the clipboard and say so. */
export async function copyText(text: string, toasts: Toasts): Promise<void> {
  try {
    await writeClipboard(text)
    toasts.show({ message: `Copied ${text}` })
  } catch (error) {
    toasts.fail('That could not be copied.', error)
  }
}
