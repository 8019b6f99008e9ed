import swaggerUi from '@fastify/swagger-ui'
import type { ZodServer } from './api.ts'
import { asOpenApi30 } from './api-document/as-openapi-3-0.ts'
import { DOCS_CONTENT_SECURITY_POLICY } from './security-headers.ts'

/** The API's description to browse, and to try, as whoever is signed in. */
export async function apiDocs(server: ZodServer): Promise<void> {
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { layout: 'BaseLayout', docExpansion: 'none', defaultModelsExpandDepth: -1, persistAuthorization: false },
    staticCSP: DOCS_CONTENT_SECURITY_POLICY,
    transformSpecification: asOpenApi30,
    transformSpecificationClone: false,
    theme: { title: 'Remesa, for operators' },
  })
}
