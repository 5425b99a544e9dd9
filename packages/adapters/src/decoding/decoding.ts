/** What decoding gives: the value, or a sentence that says what is wrong with the bytes. */
export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string }

/** Ends decoding at the first thing that the format does not allow. Thrown inside a decoder only; {@link decoded} catches it. */
export class DecodeFailure extends Error {}

/** Runs a decoder whose failures are {@link DecodeFailure}s. Anything else that it throws is a bug and passes through. */
export function decoded<Value>(decode: () => Value): Decoded<Value> {
  try {
    return { ok: true, value: decode() }
  } catch (thrown) {
    if (thrown instanceof DecodeFailure) return { ok: false, problem: thrown.message }
    throw thrown
  }
}
