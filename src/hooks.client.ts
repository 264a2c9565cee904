import { takeTokenFromAddress } from '#lib/ui/shell/host-token.ts'

/** Runs before the router reads the address, which would put back what is taken out of it later. */
export const init = takeTokenFromAddress
