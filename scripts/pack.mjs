// @ts-check
// Before npm pack: what the package holds beside its launcher, built. The site goes in as build/, the command as dist/.
import { join } from 'node:path'
import { ensureServerBuilt } from './build-server.mjs'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { root, runMain, siteFolder, Stop } from './project.mjs'

runMain(async () => {
  if (siteFolder !== join(root, 'build')) throw new Stop('The package holds build/: pack it without RUNNEL_OUT.')
  await ensureInstalled()
  await ensureBuilt()
  await ensureServerBuilt()
})
