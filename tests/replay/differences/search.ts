import type { Difference } from './difference.ts'
import { error } from './fields.ts'

export const searchDifferences: readonly Difference[] = [
  {
    id: 'larger-grammar',
    topic: 'Search',
    reason:
      'Filters also take OR, parentheses, IN and NOT IN for every text, and IS NULL for every tag, in capitals or not.',
    status: [400, 200],
    requests: [
      'search experiments/filter "(name = \'find me 1\')"',
      'search experiments/filter "experiment_id in (\'{{exp1}}\')"',
      'search experiments/filter "name *like \'find me%\'"',
      "search experiments/filter \"name = 'a' OR name = 'b'\"",
      'search experiments/filter "name IN (\'find me 1\')"',
      'search experiments/filter "tags.team IN (\'red\')"',
      "search logged models/filter \"name = 'one' OR name = 'two'\"",
      'search logged models/filter "tags.team IS NULL"',
      "search registry/*, filter \"name = 'fa' OR name = 'fb'\"",
      'search runs/filter "(metrics.a > 1)"',
      'search runs/filter "metrics.a > 1 AND (metrics.b < 2)"',
      'search runs/filter "metrics.a > 1 OR metrics.b < 2"',
      'search runs/filter "params.lr IN (\'0.1\')"',
      'search runs/filter "params.lr NOT IN (\'0.1\')"',
      'search runs/filter "status IN (\'FINISHED\')"',
      'search runs/filter "tags.team IN (\'red\')"'
    ],
    fields: [...error, 'body.*']
  },
  {
    id: 'larger-grammar-mended',
    topic: 'Search',
    reason: 'What the grammar has and MLflow fails on inside is answered.',
    status: [500, 200],
    requests: [
      'search logged models/filter "attributes.creation_timestamp > 0"',
      'search registry/models, filter "tags.team IS NULL"'
    ],
    fields: ['status', 'content-type', 'body*']
  },
  {
    id: 'larger-grammar-named',
    topic: 'Search',
    reason: 'Messages that list the comparators list these too.',
    requests: ['search runs/filter "params.lr > \'0\'"', 'search runs/filter "params.lr NOT LIKE \'0.%\'"'],
    fields: ['body.message']
  },
  {
    id: 'logged-model-quotes',
    topic: 'Search',
    reason:
      'Double quotes mean in a filter for logged models what they mean in every other, and a dataset without a digest means one of that name. MLflow reads the quotes as part of the text, and finds nothing for either.',
    requests: ['search logged models/filter "name = \\"one\\""', 'search logged models/of a dataset without digest'],
    fields: ['body.models']
  },
  {
    id: 'filter-slips',
    topic: 'Search',
    reason:
      'A metric without a name and two texts without a comma between them are slips, and refused. MLflow reads them as nothing and as one text.',
    status: [200, 400],
    requests: ['search runs/filter "metrics. = 1"', "search runs/filter \"run_id IN ('a1' 'b2')\""],
    fields: error
  },
  {
    id: 'filter-words',
    topic: 'Search',
    reason:
      'A filter that cannot be read is refused with the same code. The words name what stands in the way as this parser sees it.',
    requests: [
      'search logged models/filter "  "',
      'search registry/versions, filter "version = \'1\'"',
      'search runs/filter "metrics.`a = 1"',
      'search runs/filter "metrics.a = 1 -- comment"',
      'search runs/filter "metrics.a > 0x1"',
      'search runs/filter "metrics.a > 1 /* comment */"',
      'search runs/filter "metrics.val/loss < 0"',
      'search runs/filter "params.lr = \'0.1"'
    ],
    fields: ['body.message']
  }
]
