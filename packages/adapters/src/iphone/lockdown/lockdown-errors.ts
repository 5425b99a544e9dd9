import { type ErrorCode, HoldfastError } from '@holdfast/core'
import { said } from '../wire/said.js'

/** What a host makes of a word of lockdown. */
interface Meaning {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  /** @default true */
  readonly retryable?: boolean
}

const unlock = 'Unlock the iPhone with its passcode, leave it unlocked, and try again.'
const trustAgain =
  'Disconnect the iPhone, connect it again, unlock it, and tap “Trust”. If it does not ask, reset “Location & Privacy” in its settings.'
const askOrganisation = 'Ask whoever manages the iPhone to allow it.'

/** The words of lockdown that hosts tell apart. */
const meanings: Readonly<Record<string, Meaning>> = {
  PasswordProtected: { code: 'DEVICE_LOCKED', message: 'The iPhone is locked', hint: unlock },
  EscrowLocked: {
    code: 'DEVICE_LOCKED',
    message: 'The iPhone was not unlocked since it started',
    hint: unlock,
  },
  InvalidHostID: {
    code: 'DEVICE_NOT_PAIRED',
    message: 'The iPhone has forgotten this computer',
    hint: trustAgain,
  },
  MissingPairRecord: {
    code: 'DEVICE_NOT_PAIRED',
    message: 'The iPhone does not know this computer',
    hint: trustAgain,
  },
  PairingDialogResponsePending: {
    code: 'TRUST_PENDING',
    message: 'The iPhone asks whether to trust this computer',
    hint: 'Tap “Trust” on the iPhone and enter its passcode.',
  },
  UserDeniedPairing: {
    code: 'TRUST_DENIED',
    message: 'Somebody tapped “Don’t Trust” on the iPhone',
    hint: 'Disconnect the iPhone, connect it again, and tap “Trust”.',
  },
  InvalidService: {
    code: 'SERVICE_UNKNOWN',
    message: 'The iPhone has no such service',
    hint: 'Restart the iPhone and try again; its version of iOS may not have the service.',
  },
  ServiceProhibited: {
    code: 'SERVICE_PROHIBITED',
    message: 'The iPhone does not allow the service to this computer',
    hint: askOrganisation,
    retryable: false,
  },
  MCProtected: {
    code: 'SERVICE_PROHIBITED',
    message: 'A profile on the iPhone does not allow the service',
    hint: askOrganisation,
    retryable: false,
  },
  SessionInactive: {
    code: 'SESSION_INACTIVE',
    message: 'The iPhone ended the session',
    hint: 'Try again; if it happens again, connect the iPhone anew.',
  },
  FMiPProtected: {
    code: 'FIND_MY_ON',
    message: 'The iPhone refuses while “Find My iPhone” is on',
    hint: 'Turn “Find My iPhone” off in the settings of the iPhone, and on again afterwards.',
  },
}

/** The error for a request that lockdown refused with a word. The word itself is the fact `word`. */
export function lockdownError(word: string, request: string): HoldfastError {
  const known = Object.hasOwn(meanings, word) ? meanings[word] : undefined
  const facts = { word: said(word), request }
  if (known === undefined) {
    return new HoldfastError('LOCKDOWN_FAILED', `The iPhone refused ${request}: ${said(word)}`, {
      hint: 'Unlock the iPhone, connect it again, and try again. If that does not help, restart it.',
      facts,
    })
  }
  return new HoldfastError(known.code, known.message, {
    hint: known.hint,
    retryable: known.retryable ?? true,
    facts,
  })
}

/** The words that have a code of their own. */
export const lockdownWords: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries(meanings).map(([word, { code }]) => [word, code]),
)
