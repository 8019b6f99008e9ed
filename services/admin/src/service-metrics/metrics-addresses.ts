import type { MetricsAddress } from './watch-services.ts'

/**
 * Reads `payouts=http://10.0.0.7:8080/metrics,webhooks=http://…`.
 * @returns undefined when it is no such list, or a name comes twice
 */
export function readMetricsAddresses(text: string): readonly MetricsAddress[] | undefined {
  const addresses = text.split(',').map((entry) => {
    const [, name = '', url = ''] = /^\s*([a-z][a-z0-9-]*)=(\S+?)\s*$/.exec(entry) ?? []
    return { name, url }
  })
  const isRight = addresses.every(({ name, url }) => name !== '' && isHttp(url))
  return isRight && new Set(addresses.map(({ name }) => name)).size === addresses.length ? addresses : undefined
}

const isHttp = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
