import type { FastifyRequest, RouteOptions } from 'fastify'
import { OPERATOR } from './api.ts'
import type { Operator } from './authentication.ts'
import { ProblemError, problem } from './problem.ts'
import { holds, isRouteName, ROUTE_ROLES } from './roles.ts'

/** For `onRoute`. @throws Error when a route stands in no table of roles: a server that has one does not come up */
export function refuseUnlisted({ method, url }: Pick<RouteOptions, 'method' | 'url'>): void {
  for (const one of [method].flat()) {
    if (!isRouteName(`${one} ${url}`)) throw new Error(`${one} ${url} is not in the table of routes and roles`)
  }
}

/** Finds out who asks. @throws ProblemError for nobody that is known */
export type Identify = (request: FastifyRequest) => Promise<Operator>

/** For `onRequest`: finds out who asks, and whether their roles are enough, before anything of the request is read. */
export function guard(identify: Identify) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404) return
    const route = `${request.method} ${request.routeOptions.url}`
    if (!isRouteName(route)) throw new Error(`${route} has no role`)
    const role = ROUTE_ROLES[route]
    if (role === 'anyone') return
    const operator = await identify(request)
    if (!holds(operator.roles, role)) {
      const detail = `This needs the role ${role}, which you do not have.`
      throw new ProblemError(problem('role-lacking', detail, { lacks: role }), {
        'www-authenticate': 'Bearer realm="remesa", error="insufficient_scope"',
      })
    }
    request.setDecorator<Operator>(OPERATOR, operator)
  }
}
