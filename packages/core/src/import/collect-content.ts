/**
 * The whole of a content in one piece, for a storage that keeps its contents in memory or in its database. For those that are
 * too large for that, `attachmentFiles` of the adapters takes the stream.
 *
 * @throws what the content throws and the signal's reason, both unchanged.
 */
export async function collectContent(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const collected: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    signal.throwIfAborted()
    collected.push(chunk)
    bytes += chunk.length
  }
  signal.throwIfAborted()
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of collected) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
