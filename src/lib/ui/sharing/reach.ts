/** How far a link reaches: others may not come by the address its maker knows the host by. */

/** `link`, of the address a host knows of itself, by the way this page came to that host: unless nobody else can go it. */
export function linkFromHere(link: string, page: string): string {
  const [url, own] = [new URL(link), new URL(page)]
  return isLoopback(own) ? link : `${own.origin}/${url.hash}`
}

export type Reach = 'this machine' | 'needs https' | 'others'

/** Browsers keep a store only for pages over https, and for those of their own machine. */
export function reachOf(link: string): Reach {
  const url = new URL(link)
  return isLoopback(url) ? 'this machine' : url.protocol === 'https:' ? 'others' : 'needs https'
}

export const REACH_NOTES: Readonly<Record<Reach, string | null>> = {
  others: null,
  'this machine':
    'It opens on this machine alone. To let others in, start the host with --host 0.0.0.0, a token, and HTTPS (--tls-cert and --tls-key, or a proxy).',
  'needs https':
    'Browsers join over HTTPS alone, or on the host’s own machine. Start the host with --tls-cert and --tls-key, or put it behind a proxy that speaks HTTPS.'
}

const isLoopback = ({ hostname }: URL): boolean =>
  /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === 'localhost' || hostname === '[::1]'
