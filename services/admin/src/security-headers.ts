/** The console's pages load what this service serves and nothing else; no script or style stands in a page. */
const CONTENT_SECURITY_POLICY = policy({ images: ["'self'"] })
/** Swagger UI's style sheet has its icons in it. */
export const DOCS_CONTENT_SECURITY_POLICY = policy({ images: ["'self'", 'data:'] })

const TWO_YEARS_SECONDS = 63_072_000

/** What browsers are told with every answer. @param publicUrl - with https, they never use anything else again */
export const securityHeaders = (publicUrl: string): Readonly<Record<string, string>> => ({
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY', // says frame-ancestors to browsers that do not know it
  'referrer-policy': 'no-referrer', // addresses of ours name payouts and sellers
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${TWO_YEARS_SECONDS}` }),
})

function policy({ images }: { readonly images: readonly string[] }): string {
  const directives: Readonly<Record<string, readonly string[]>> = {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': images,
    'font-src': ["'self'"],
    'connect-src': ["'self'"],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
  }
  return Object.entries(directives)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ')
}
