import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { RpcError } from './rpc-error.ts'

/** A handler for one answer to one request; what it throws goes out as the call's status. */
export function unary<Request, Response>(
  handle: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    // The executor turns what the handler throws before its first await into a rejection as well.
    new Promise<Response>((resolve) => resolve(handle(call.request, call))).then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error), null, error instanceof RpcError ? error.trailer : undefined),
    )
  }
}

/** INTERNAL, with the stack, for what no rule of the service explains: a bug of the emulator, shown to whoever met it. */
export function statusOf(error: unknown): { code: status; details: string } {
  if (error instanceof RpcError) return { code: error.code, details: error.message }
  return { code: status.INTERNAL, details: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
