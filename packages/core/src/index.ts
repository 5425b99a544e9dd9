export {
  type ErrorCode,
  type ErrorDetails,
  type ErrorReport,
  errorCodes,
  HoldfastError,
  isHoldfastError,
  reportError,
  systemCodeOf,
  toHoldfastError,
} from './errors/index.js'
export { canonicalJson, type Json, type JsonObject, toJson } from './json/json.js'
