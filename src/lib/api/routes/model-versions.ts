import type { Endpoints } from '../endpoint.ts'

export const modelVersionEndpoints: Endpoints = () => []
