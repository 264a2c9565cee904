import { takeTokenFromAddress } from '#lib/ui/shell/host-token.ts'
import { followMlflowLinks } from '#lib/ui/shell/mlflow-links.ts'

/** Runs before the router reads the address, which would put back what is changed in it later. */
export const init = (): void => {
  takeTokenFromAddress()
  followMlflowLinks()
}
