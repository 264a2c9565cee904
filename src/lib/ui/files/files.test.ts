import { describe, expect, test } from 'vitest'
import type { ExperimentId } from '#lib/domain/ids.ts'
import type { MergeOutcome } from '#lib/live/protocol.ts'
import { exportFileName } from './file-name.ts'
import { outcomeWords } from './outcome-words.ts'

const SAME: MergeOutcome['experiments'][number] = {
  experimentId: '5' as ExperimentId,
  name: 'vision',
  isNew: false,
  newRuns: 0,
  changedRuns: 0,
  isChanged: false,
  missingFiles: 0,
  missingPoints: 0,
  tooLarge: 0,
  aheadUntil: null
}

const words = (experiments: readonly Partial<typeof SAME>[], rest: Partial<MergeOutcome> = {}) =>
  outcomeWords('a.zip', {
    experiments: experiments.map((one) => ({ ...SAME, ...one })),
    registry: null,
    failed: [],
    isStopped: false,
    ...rest
  })

describe('what came of a file', () => {
  test('[FW1] is counted', () => {
    const came = words([
      { isNew: true, isChanged: true, newRuns: 100 },
      { isNew: true, isChanged: true, newRuns: 19 },
      { isChanged: true, newRuns: 1, changedRuns: 2 }
    ])
    expect(came).toEqual({ message: '“a.zip”: 2 experiments and 120 runs came, 2 runs changed.', kind: 'done' })
    expect(words([{ isChanged: true, changedRuns: 1 }]).message).toBe('“a.zip”: 1 run changed.')
    expect(words([{ isChanged: true }]).message).toBe('“a.zip”: 1 experiment changed.')
    const models = { newVersions: 0, isChanged: true, aheadUntil: null }
    expect(words([], { registry: models }).message).toBe('“a.zip”: The models changed.')
    expect(words([{ newRuns: 2 }], { registry: { ...models, newVersions: 3 } }).message).toBe(
      '“a.zip”: 2 runs and 3 versions of models came.'
    )
  })

  test('[FW2] is nothing new when all was here', () => {
    expect(words([{}, {}])).toEqual({ message: '“a.zip”: Nothing new: all of it was here.', kind: 'done' })
  })

  test('[FW3] says what did not come, and what to do', () => {
    const left = words(
      [{ isNew: true, isChanged: true, missingFiles: 2, missingPoints: 1, tooLarge: 1, aheadUntil: 1e12 }],
      {
        failed: [{ name: 'other', message: 'This file is damaged.' }],
        isStopped: true
      }
    )
    expect(left.kind).toBe('failed')
    for (const part of [
      /1 experiment came\./,
      /“other” was left out\. This file is damaged\./,
      /Not here yet: 2 files and 1 part of metrics\. Export from where/,
      /larger than can be kept here: 1 file\./,
      /2001.*Set the clock/,
      /open the file again for the rest/
    ])
      expect(left.message).toMatch(part)
    expect(words([], { failed: [{ name: 'x', message: 'Damaged.' }] }).message).toMatch(/Nothing new came/)
  })
})

test('[FW4] a file is called after its experiment, with nothing a disk cannot have in a name', () => {
  const day = new Date('2026-03-04T05:06:07Z')
  expect(exportFileName('vision', day)).toBe('vision 2026-03-04.runnel.zip')
  expect(exportFileName(null, day)).toBe('experiments 2026-03-04.runnel.zip')
  expect(exportFileName('../a/b\u0000: "c"?', day)).toBe('a b c 2026-03-04.runnel.zip')
  expect(exportFileName('///', day)).toBe('experiment 2026-03-04.runnel.zip')
})
