import { describe, expect, it } from 'vitest'
import { createApi } from '#lib/api/app.ts'
import { openTestStore } from '../../tests/support/engines.ts'
import { partOf, socketDoorOf } from '../paths.ts'
import { SOCKET_RULES } from './gatekeeper.ts'
import { REST_RULES, ruleFor } from './rest-rules.ts'

const ALL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Every route that does something: where a path refuses all other methods, those it takes stand there twice. */
const routesOf = (all: readonly { readonly method: string; readonly path: string }[]) =>
  [...Map.groupBy(all, ({ path }) => path)].flatMap(([path, group]) => {
    const counts = Map.groupBy(group, ({ method }) => method)
    const refusesOthers = ALL_METHODS.every((method) => counts.has(method))
    const methods = [...counts].filter(([, { length }]) => !refusesOthers || length > 1).map(([method]) => method)
    return methods.map((method) => ({ method, path }))
  })

const sampleOf = (path: string): string =>
  path
    .replace(/:tag_key\{[^}]*\}/, 'a%2Fb')
    .replace(/:[^/]+/g, 'x1')
    .replace('*', '1/x1/artifacts/a%20file.txt')

describe('the rules for guests', () => {
  it('[RR1] there is one for every route of the api, and none for a route that is not there', async () => {
    const { store } = await openTestStore('node:sqlite')
    const routes = routesOf(createApi(store, { version: '1' }).routes)
    const real = routes.filter(({ method }) => method !== 'ALL')
    expect(real.length).toBeGreaterThan(60)
    const without = real.filter(({ method, path }) => ruleFor(method, sampleOf(path)) === null)
    expect(without).toEqual([])
    // What answers everything else holds no data; its rule is that there is none.
    const rest = routes.filter(({ method }) => method === 'ALL').map(({ path }) => path)
    expect(rest.sort()).toEqual(['/ajax-api/*', '/api/*', '/graphql', '/v1/traces'])
    const used = new Set(real.flatMap(({ method, path }) => ruleKeys(method, path)))
    expect(Object.keys(REST_RULES).filter((key) => !used.has(key))).toEqual([])
  })

  it('[RR2] a route without a rule would be found', () => {
    const all = [
      ...['GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
        method,
        path: '/api/2.0/mlflow/new'
      })),
      { method: 'GET', path: '/bare' }
    ]
    const routes = routesOf(all)
    expect(routes).toEqual([
      { method: 'GET', path: '/api/2.0/mlflow/new' },
      { method: 'GET', path: '/bare' }
    ])
    for (const { method, path } of routes) expect(ruleFor(method, path)).toBeNull()
  })

  it('[RR3] no other spelling of a path has a rule, whatever a router makes of it', () => {
    expect(ruleFor('GET', '/api/2.0/mlflow/runs/get')).toMatchObject({ role: 'viewer' })
    expect(ruleFor('HEAD', '/ajax-api/2.0/mlflow/runs/get')).toMatchObject({ role: 'viewer' })
    for (const path of [
      '/api/2.0/mlflow/runs/g%65t',
      '/api/2.0/mlflow/runs/get/',
      '/api/2.0/mlflow//runs/get',
      '/API/2.0/mlflow/runs/get',
      '/api/2x0/mlflow/runs/get',
      '/x/api/2.0/mlflow/runs/get',
      '/api/2.0/mlflow/runs/get\n'
    ])
      expect([path, ruleFor('GET', path)]).toEqual([path, null])
    expect(ruleFor('GET', '/api/2.0/mlflow/logged-models/a%2Fb')).toBeNull()
    expect(ruleFor('POST', '/api/2.0/mlflow/runs/get')).toBeNull()
    expect(ruleFor('TRACE', '/api/2.0/mlflow/runs/get')).toBeNull()
  })

  it('[RR4] nothing that writes is a viewer’s', () => {
    const viewers = Object.entries(REST_RULES).filter(([, { role }]) => role === 'viewer')
    const posts = viewers.map(([route]) => route).filter((route) => !route.startsWith('GET '))
    expect(posts).toEqual([
      'POST experiments/search',
      'POST experiments/search-datasets',
      'POST runs/search',
      'PUT /api/2.0/mlflow-artifacts/mpu/parts/:upload_id/:part_number',
      'POST logged-models/search',
      'POST registered-models/get-latest-versions'
    ])
  })
})

describe('the rules for sockets', () => {
  it('[RR5] there is one for every door, and the whole store is the owner’s', () => {
    expect(SOCKET_RULES).toEqual({ live: 'owner', bridge: 'owner', room: 'viewer' })
    expect(['/runnel/live', '/runnel/bridge', '/sync/rooms/x.1'].map(socketDoorOf)).toEqual(['live', 'bridge', 'room'])
    for (const path of [
      '/',
      '/runnel/live/',
      '/sync/rooms/',
      '/sync/rooms/y.1',
      '/sync/rooms/x.1/snapshot',
      '/sync/rooms/x.%31'
    ])
      expect([path, socketDoorOf(path)]).toEqual([path, null])
  })

  it('[RR6] all of sync but the place of tokens asks who it is', () => {
    for (const path of ['/sync', '/sync/', '/sync/token/', '/sync/shares', '/sync/rooms/x.1/snapshot', '/sync/%74oken'])
      expect([path, partOf(path)]).toEqual([path, 'sync'])
    expect(partOf('/sync/token')).toBe('sync-token')
    for (const path of ['/synced', '/Sync/shares', '/%73ync/shares'])
      expect([path, partOf(path)]).toEqual([path, 'site'])
  })
})

/** How the table may write a route: its own key, by either prefix. */
function ruleKeys(method: string, path: string): string[] {
  const api = path.replace(/^\/ajax-api\//, '/api/').replace(/:tag_key\{[^}]*\}/, '*')
  return [`${method} ${api}`, `${method} ${api.replace('/api/2.0/mlflow/', '')}`]
}
