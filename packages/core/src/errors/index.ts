export { type ErrorCode, errorCodes } from './codes.js'
export { type Failure, failure, isFailure } from './failure.js'
export {
  type ErrorDetails,
  type ErrorReport,
  HoldfastError,
  isErrorReport,
  isHoldfastError,
  reportError,
  systemCodeOf,
  toHoldfastError,
} from './holdfast-error.js'
