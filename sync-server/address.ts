/** The address of a host as a client on this machine writes it. A host that listens everywhere is found at loopback, too. */
export const addressOf = (host: string, port: number): string => {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
