/**
 * A value drawn short is copied whole: when the selection lies within the element, the clipboard gets `exact()`.
 * An attachment: `<span {@attach copiesExactly(() => text)}>`.
 */
export function copiesExactly(exact: () => string): (element: HTMLElement) => () => void {
  return (element) => {
    const copy = (event: ClipboardEvent): void => {
      event.clipboardData?.setData('text/plain', exact())
      event.preventDefault()
    }
    element.addEventListener('copy', copy)
    return () => element.removeEventListener('copy', copy)
  }
}
