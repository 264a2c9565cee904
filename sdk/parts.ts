/**
 * A part of runnel.js that only some need, from beside it; a module that was loaded as text has nothing beside it, so then from where Runnel
 * is.
 *
 * beside  an `import()` of its own for each part, as bundlers look for them
 */
export async function loadPart<Part>(beside: () => Promise<Part>, path: string, origin?: string): Promise<Part> {
  try {
    return await beside()
  } catch {
    const text = await (await fetch(new URL(path, origin))).text()
    return (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as Part
  }
}
