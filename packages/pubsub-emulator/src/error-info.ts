import { Metadata } from '@grpc/grpc-js'

/**
 * The trailer by which an error carries a google.rpc.ErrorInfo: a google.rpc.Status in protobuf, whose field numbers
 * are written out here because the protos of Pub/Sub do not include it.
 */
export function errorInfoTrailer(info: { reason: string; domain: string; metadata: Record<string, string> }): Metadata {
  const entries = Object.entries(info.metadata).map(([key, value]) =>
    field(3, Buffer.concat([field(1, key), field(2, value)])),
  )
  const errorInfo = Buffer.concat([field(1, info.reason), field(2, info.domain), ...entries])
  const any = Buffer.concat([field(1, 'type.googleapis.com/google.rpc.ErrorInfo'), field(2, errorInfo)])
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', field(3, any))
  return metadata
}

/** One length-delimited field: its number and wire type 2, the length, the bytes. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
