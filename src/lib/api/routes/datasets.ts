import type { Endpoints } from '../endpoint.ts'

export const datasetEndpoints: Endpoints = () => []
