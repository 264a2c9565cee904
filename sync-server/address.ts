import { networkInterfaces } from 'node:os'

export interface Place {
  readonly host: string
  readonly port: number
  /** Whether it speaks HTTPS. */
  readonly isSecure: boolean
}

/** The address of a host as a client on this machine writes it. A host that listens everywhere is found at loopback, too. */
export const addressOf = ({ host, port, isSecure }: Place): string => {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${isSecure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** The same as a client elsewhere writes it: of a host that listens everywhere, by this machine's first address in its network. */
export const addressForOthers = (place: Place): string => {
  if (place.host !== '0.0.0.0' && place.host !== '::') return addressOf(place)
  const network = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outward = network.find(({ internal, family }) => !internal && family === 'IPv4')
  return addressOf({ ...place, host: outward?.address ?? place.host })
}
