import { arriving } from '#lib/ui/sharing/arriving.svelte.ts'
import { takeTokenFromAddress } from '#lib/ui/shell/host-token.ts'
import { followMlflowLinks } from '#lib/ui/shell/mlflow-links.ts'
import { startSharedStore } from './workers/shared-store.ts'

/** Runs before the router reads the address, which would put back what is changed in it later. */
export const init = (): void => {
  // The bridge decides by itself whether it may have the store.
  if (!location.pathname.startsWith('/bridge')) startSharedStore()
  takeTokenFromAddress()
  arriving.watch()
  followMlflowLinks()
}
