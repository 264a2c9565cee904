import type { Endpoints } from '../endpoint.ts'

export const registeredModelEndpoints: Endpoints = () => []
