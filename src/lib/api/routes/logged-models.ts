import type { Endpoints } from '../endpoint.ts'

/**
 * A search over logged models finds none: this store keeps none yet. It cannot be left to a 501 like the rest of them, as the stock Python
 * client (3.x) searches for a model named like the folder whenever it lists a folder of a run's artifacts, and fails when that fails.
 */
export const loggedModelEndpoints: Endpoints = () => [
  {
    methods: ['POST'],
    path: 'logged-models/search',
    answer: () => Promise.resolve({})
  }
]
