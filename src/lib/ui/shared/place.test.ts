import { expect, it } from 'vitest'
import { placePanel } from './place.ts'

const view = { width: 360, height: 640 }
const trigger = { left: 300, right: 340, top: 100, bottom: 130 }

it('opens under its trigger and stays in the window', () => {
  expect(placePanel(trigger, { width: 200, height: 150 }, view, 'start')).toMatchObject({ left: 152, top: 134 })
  expect(placePanel(trigger, { width: 200, height: 150 }, view, 'end')).toMatchObject({ left: 140, top: 134 })
})

it('opens above when there is no room below', () => {
  const low = { ...trigger, top: 600, bottom: 630 }
  expect(placePanel(low, { width: 200, height: 150 }, view, 'end').top).toBe(446)
})

it('is never taller than the room it has', () => {
  expect(placePanel(trigger, { width: 200, height: 2000 }, view, 'start')).toMatchObject({ top: 134, maxHeight: 498 })
})
