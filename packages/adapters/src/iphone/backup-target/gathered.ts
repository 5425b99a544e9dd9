/** Pieces of a connection have a few kilobytes; a call of the file system for each would cost more than what it writes. */
const enough = 256 * 1024

/** Pieces in groups of at least 256 KiB, but for the last group. */
export async function* gathered(content: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let group: Buffer[] = []
  let bytes = 0
  for await (const piece of content) {
    group.push(piece)
    bytes += piece.length
    if (bytes < enough) continue
    yield group
    group = []
    bytes = 0
  }
  if (group.length > 0) yield group
}
