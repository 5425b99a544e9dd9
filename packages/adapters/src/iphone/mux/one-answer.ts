import { Duplex } from 'node:stream'
import { parsePlist } from '../../plist/parse-plist.js'
import { type Waiting, Wire } from '../wire/wire.js'
import { muxFailed } from './mux-errors.js'

const headBytes = 16
/** What a client of others can take without ending the process. */
const longest = 1024 * 1024

/**
 * A stream for a client that asks one question: what it writes goes to the connection, and it gets the one message that answers,
 * whole, and seen to be readable. So nothing of what comes behind the answer is lost in the client's buffers, its listeners stay off
 * the connection, and no message can make it throw where nobody catches.
 */
export function oneAnswer(
  connection: Duplex,
  waiting: Waiting,
): { readonly stream: Duplex; readonly failed: Promise<never> } {
  const wire = new Wire(connection, 'the service that speaks with iPhones')
  const stream = new Duplex({
    read: () => {},
    // A question is small: nothing has to wait until it was taken.
    write: (bytes: Uint8Array, _encoding, done) => connection.write(bytes, done),
  })
  // Who waits for the answer is told through `failed`.
  stream.on('error', () => {})
  const failed = readMessage(wire, waiting).then((message) => {
    stream.push(message)
    return new Promise<never>(() => {})
  })
  failed.catch(() => stream.destroy())
  return { stream, failed }
}

async function readMessage(wire: Wire, waiting: Waiting): Promise<Buffer> {
  const head = await wire.read(headBytes, waiting)
  const length = head.readUInt32LE()
  if (length < headBytes || length > longest) {
    throw muxFailed('What answers at the address of the service that speaks with iPhones is something else')
  }
  const body = await wire.read(length - headBytes, waiting)
  if (!parsePlist(body).ok) throw muxFailed('The service that speaks with iPhones sent what cannot be read')
  return Buffer.concat([head, body])
}
