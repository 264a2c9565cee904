/**
 * Put a text on the clipboard. Over plain http browsers have no clipboard for pages, and only the old way is left: copying what is selected.
 *
 * fails  when the browser lets neither happen
 */
export async function writeClipboard(text: string): Promise<void> {
  if (isSecureContext) return navigator.clipboard.writeText(text)
  const focused = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  // A dialog lets nothing outside itself be focused.
  const place = focused?.closest('dialog') ?? document.body
  place.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  if (focused instanceof HTMLElement) focused.focus()
  if (!isCopied) throw new Error('This browser does not let a page without https copy. Select the text and copy it.')
}
