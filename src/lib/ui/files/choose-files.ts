/** Ask for files. `onchosen` is called when some were chosen. */
export function chooseFiles(onchosen: (files: readonly File[]) => void): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.accept = '.zip,.db,.sqlite,.sqlite3'
  input.addEventListener('change', () => onchosen([...(input.files ?? [])]))
  input.click()
}
