import { z } from 'zod'
import { createFaults, faultPlanSchema } from '../kit/faults.ts'
import { type ErrorShapes, Refusal, type Reply, type Route, type SandboxRequest } from '../kit/http.ts'
import { startServer } from '../kit/server.ts'
import { marketplace } from '../marketplace.ts'
import { PROVIDERS, type Sandbox } from '../sandbox.ts'

const errors: ErrorShapes = {
  badRequest: (message) => ({ status: 400, body: { message } }),
  notFound: (path) => ({ status: 404, body: { message: `nothing at ${path}` } }),
  serverError: (status) => ({ status, body: { message: 'something went wrong' } }),
  rateLimited: () => ({ status: 429, body: { message: 'too many requests' } }),
}

export interface ControlServer {
  readonly url: string
  stop(): Promise<void>
}

/** Lets another process do over HTTP what a `Sandbox` does in this one; `control/client.ts` is its other end. */
export async function startControlServer(
  sandbox: Sandbox,
  options: { port?: number; host?: string } = {},
): Promise<ControlServer> {
  const answer = (work: (request: SandboxRequest) => unknown) => async (request: SandboxRequest) => {
    try {
      return { status: 200, body: (await work(request)) ?? {} } satisfies Reply
    } catch (error) {
      if (error instanceof z.ZodError) throw new Refusal(errors.badRequest(z.prettifyError(error)))
      if (error instanceof Refusal) throw error
      throw new Refusal({ status: 409, body: { message: (error as Error).message } })
    }
  }
  const bodyOf = (request: SandboxRequest): unknown => (request.rawBody.length === 0 ? {} : request.json())

  const routes: Route[] = [
    { method: 'GET', path: '/healthz', handle: answer(() => ({ status: 'ok' })) },
    {
      method: 'GET',
      path: '/connection',
      handle: answer(() => ({ urls: sandbox.urls, credentials: sandbox.credentials() })),
    },
    {
      method: 'POST',
      path: '/marketplace',
      handle: answer((request) => sandbox.loadMarketplace(marketplace.parse(bodyOf(request)))),
    },
    {
      method: 'POST',
      path: '/publish-seller-events',
      handle: answer((request) => {
        const { openAccounts } = z.strictObject({ openAccounts: z.boolean().default(true) }).parse(bodyOf(request))
        return sandbox.publishSellerEvents({ openAccounts })
      }),
    },
    {
      method: 'POST',
      path: '/publish-closings',
      handle: answer((request) => {
        const { again } = z.strictObject({ again: z.boolean().default(false) }).parse(bodyOf(request))
        return sandbox.publishClosings({ again })
      }),
    },
    {
      method: 'PUT',
      path: '/faults',
      handle: answer((request) => sandbox.setFaults(faultPlanSchema.parse(bodyOf(request)))),
    },
    { method: 'GET', path: '/calls', handle: answer(() => sandbox.calls()) },
    { method: 'GET', path: '/books', handle: answer(() => sandbox.books()) },
    {
      method: 'POST',
      path: '/providers/:provider/:control',
      handle: answer((request) => {
        const provider = z.enum(PROVIDERS).parse(request.params.provider)
        return sandbox.control(provider, request.params.control ?? '', bodyOf(request))
      }),
    },
  ]
  return startServer({ ...options, routes, errors, faults: createFaults() })
}
