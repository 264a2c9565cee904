// @ts-check
// Draw the PNG icons from static/icon.svg. They are committed: run this only when the icon changes.
//
//   node scripts/draw-icons.mjs
import { readFile, writeFile } from 'node:fs/promises'
import { chromium } from '@playwright/test'
import { findChromium } from './chromium.mjs'

const staticFolder = new URL('../static/', import.meta.url)
const svg = await readFile(new URL('icon.svg', staticFolder), 'utf8')

/** `share` is how much of the side the drawing takes: a maskable icon keeps to the inner circle of 80 %. */
const icons = [
  { name: 'icon-192.png', size: 192, share: 0.78, radius: '22%' },
  { name: 'icon-512.png', size: 512, share: 0.78, radius: '22%' },
  { name: 'icon-maskable-512.png', size: 512, share: 0.56, radius: '0' }
]

const executablePath = findChromium()
if (executablePath === undefined) throw new Error('No Chromium was found. Install one, or name it in RUNNEL_CHROMIUM.')
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ colorScheme: 'light' })
for (const { name, size, share, radius } of icons) {
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(`<style>
    body { margin: 0 }
    div { width: ${size}px; height: ${size}px; display: grid; place-items: center; background: #fbfaf7; border-radius: ${radius} }
    svg { width: ${share * 100}%; height: ${share * 100}% }
  </style><div>${svg}</div>`)
  await writeFile(new URL(name, staticFolder), await page.screenshot({ omitBackground: true }))
}
await browser.close()
