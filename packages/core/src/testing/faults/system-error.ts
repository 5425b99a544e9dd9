import { getSystemErrorMap } from 'node:util'

/**
 * The error that Node throws when a system call fails, by its code: `systemError('ENOSPC', 'write')` has `code`, `errno`, `syscall`
 * and Node's own message, `ENOSPC: no space left on device, write`.
 *
 * @throws TypeError for a code that this system does not have.
 */
export function systemError(code: string, syscall = 'write'): NodeJS.ErrnoException {
  for (const [errno, [name, message]] of getSystemErrorMap()) {
    if (name === code) {
      return Object.assign(new Error(`${code}: ${message}, ${syscall}`), { code, errno, syscall })
    }
  }
  throw new TypeError(`this system has no error '${code}'`)
}
