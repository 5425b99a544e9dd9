/** A phone's reason to end an operation: the code and the words of its last answer. */
export class PhoneFailure extends Error {
  /** A code of the phone's backup service (`MBErrorDomain`), such as 208. */
  readonly code: number

  constructor(code: number, description: string) {
    super(`${description} (MBErrorDomain/${code})`)
    this.code = code
  }
}

/** The codes with which phones end operations, as they are known from public reports. */
export const failureCodes = {
  generic: 1,
  io: 100,
  uploads: 104,
  hostDisk: 105,
  badManifest: 205,
  wrongPassword: 207,
  locked: 208,
} as const

/** The host ended the conversation: no fault of anybody. */
export class HostLeft extends Error {
  constructor() {
    super('The host ended the conversation')
  }
}
