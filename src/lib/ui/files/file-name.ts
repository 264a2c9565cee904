export const FILE_ENDING = '.runnel.zip'

/** What a file of one experiment, or of all, is called on somebody's disk. `name` null for all. */
export function exportFileName(name: string | null, now: Date): string {
  const day = now.toISOString().slice(0, 10)
  // What some file system cannot have in a name.
  const plain = (name ?? 'experiments')
    .replaceAll(/[\p{Cc}\s<>:"/\\|?*]+/gu, ' ')
    .replace(/^[. ]+/, '')
    .slice(0, 80)
    .trim()
  return `${plain === '' ? 'experiment' : plain} ${day}${FILE_ENDING}`
}
