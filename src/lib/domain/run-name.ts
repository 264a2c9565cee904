/** Names for runs that were given none: `adjective-noun-NNN`, as MLflow makes them, in words of our own. */
const ADJECTIVES =
  'amber brisk calm clear cool deep eager early fair fine fleet fresh gentle glad golden grand keen kind late light lively lucky mellow merry mild misty neat nimble noble pale plain proud quick quiet rapid rare ripe rosy sharp shy silent silver sleek smooth soft spry stark still stout sunny sure swift tall tidy true vivid warm wild wise witty young'.split(
    ' '
  )
const NOUNS =
  'alder bank basin beck birch brook burn cedar cove creek crest current dale delta dipper drift eddy elm falls fen fern ferry finch ford gorge grove gull harbor heron inlet isle lagoon lake larch leaf loch marsh meadow mill minnow mist moor moss oak otter perch pike pine pond pool rain rapid reed reef ripple river salmon shoal spring stone stream teal thrush tide trout vale wader weir well willow wren'.split(
    ' '
  )

/** `random` returns a number in [0, 1). */
export function newRunName(random: () => number = Math.random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)]!
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${Math.floor(random() * 1000)}`
}
