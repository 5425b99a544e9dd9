/** Makes an input smaller in at most so many tries: leaves out ever shorter stretches of it, then turns its bytes to zero. */
export async function shrink(
  input: Buffer,
  fails: (bytes: Buffer) => Promise<boolean>,
  tries: number,
): Promise<Buffer> {
  let smallest = input
  let left = tries
  const attempt = async (bytes: Buffer) => {
    if (left === 0 || bytes.equals(smallest)) return
    left -= 1
    if (await fails(bytes)) smallest = bytes
  }
  for (let length = smallest.length >> 1; length >= 1; length >>= 1) {
    for (let at = smallest.length - length; at >= 0; at -= length) {
      await attempt(Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)]))
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    const zeroed = Buffer.from(smallest)
    zeroed[at] = 0
    await attempt(zeroed)
  }
  return smallest
}
