import type { Metadata } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'

/** A refusal, with the gRPC status that the service gives for it. */
export class RpcError extends Error {
  readonly code: status
  /** What the call's trailer says beside the status. */
  readonly trailer: Metadata | undefined

  constructor(code: status, message: string, trailer?: Metadata) {
    super(message)
    this.code = code
    this.trailer = trailer
  }
}

const lastPart = (name: string) => name.slice(name.lastIndexOf('/') + 1)

export const notFound = (name: string): RpcError =>
  new RpcError(status.NOT_FOUND, `Resource not found (resource=${lastPart(name)}).`)

export const alreadyExists = (name: string): RpcError =>
  new RpcError(status.ALREADY_EXISTS, `Resource already exists in the project (resource=${lastPart(name)}).`)

export const invalidArgument = (message: string): RpcError => new RpcError(status.INVALID_ARGUMENT, message)

export const failedPrecondition = (message: string): RpcError => new RpcError(status.FAILED_PRECONDITION, message)

export const unavailable = (message: string): RpcError => new RpcError(status.UNAVAILABLE, message)

/** What the service can do and this emulator cannot: said at once, so that nobody relies on it here. */
export const notEmulated = (what: string): RpcError =>
  new RpcError(status.UNIMPLEMENTED, `${what}: not emulated. Use the real service for this.`)
