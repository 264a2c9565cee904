import packageJson from '../package.json' with { type: 'json' }

/** What this program is, as GET /version answers it. */
export const VERSION = packageJson.version
