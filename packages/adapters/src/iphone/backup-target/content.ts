/**
 * What is to be written into a file: puts its next bytes into a buffer, and gives how many; fewer than fit only at its end. The buffers are
 * the writer's, and few: pieces that live until a thread has written them would be thrown away by the gigabyte, which costs more time than
 * to copy them.
 */
export type Content = (into: Buffer) => Promise<number>

/** Content that is there already. */
export function contentOf(bytes: Uint8Array): Content {
  let at = 0
  return async (into) => {
    const some = bytes.subarray(at, at + into.length)
    into.set(some)
    at += some.length
    return some.length
  }
}
