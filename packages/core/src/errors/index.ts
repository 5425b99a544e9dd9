export { type ErrorCode, errorCodes } from './codes.js'
export {
  type ErrorDetails,
  type ErrorReport,
  HoldfastError,
  isHoldfastError,
  reportError,
  systemCodeOf,
  toHoldfastError,
} from './holdfast-error.js'
