import { invalid } from '#lib/domain/errors.ts'
import type { ImageData2D } from './types.ts'

/** The small copy that MLflow's image grid shows: this many pixels at most on the longer side. */
const THUMBNAIL_PIXELS = 256

/** Any image a page can hold, as a PNG (a Blob stays what it is), and as a small WebP beside it when wanted. */
export async function imageToBlobs(
  image: ImageData2D,
  withThumbnail: boolean
): Promise<{ full: Blob; thumbnail: Blob | null }> {
  if (image instanceof Blob) {
    if (!withThumbnail) return { full: image, thumbnail: null }
    const bitmap = await createImageBitmap(image)
    const thumbnail = await toThumbnail(bitmap)
    bitmap.close()
    return { full: image, thumbnail }
  }
  // Drawn at once: the caller may go on painting, or close a bitmap.
  const canvas = draw(image, image.width, image.height)
  const full = await canvas.convertToBlob({ type: 'image/png' })
  return { full, thumbnail: withThumbnail ? await toThumbnail(canvas) : null }
}

function toThumbnail(image: OffscreenCanvas | ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, THUMBNAIL_PIXELS / Math.max(image.width, image.height))
  const canvas = draw(
    image,
    Math.max(1, Math.round(image.width * scale)),
    Math.max(1, Math.round(image.height * scale))
  )
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.75 })
}

function draw(image: Exclude<ImageData2D, Blob>, width: number, height: number): OffscreenCanvas {
  if (width === 0 || height === 0) throw invalid('The image is empty: it has no pixels to keep.')
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (context === null) throw invalid('The browser gave no canvas to encode the image with.')
  if (image instanceof ImageData) context.putImageData(image, 0, 0)
  else context.drawImage(image, 0, 0, width, height)
  return canvas
}
