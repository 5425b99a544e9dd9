import type { FileHandle } from 'node:fs/promises'
import { nodeFileSystem } from '../src/attachment-files/file-system.js'
import type { FileSystem } from '../src/attachment-files/index.js'

/** Called before every system call, with its name; what it throws, the call throws instead of being made. */
export type BeforeCall = (call: string) => void

/** The machine's file system with a say in every call, those on open files included. */
export function watchedFileSystem(before: BeforeCall): FileSystem {
  const watched =
    <Parameters extends unknown[], Result>(
      name: string,
      call: (...parameters: Parameters) => Promise<Result>,
    ) =>
    async (...parameters: Parameters): Promise<Result> => {
      before(name)
      return call(...parameters)
    }
  const { open, ...rest } = nodeFileSystem
  return {
    // Overloads do not survive the wrapping, though every call is passed on as it came.
    ...(Object.fromEntries(
      Object.entries(rest).map(([name, call]) => [
        name,
        watched(name, call as (...all: unknown[]) => Promise<unknown>),
      ]),
    ) as Omit<FileSystem, 'open'>),
    open: async (...parameters) => {
      before('open')
      return watchedHandle(await open(...parameters), before)
    },
  }
}

/** A file system on which the `n`th call (the first is 1) fails with this system code. */
export function failingFileSystem(n: number, code: string): { readonly fs: FileSystem; calls(): number } {
  let calls = 0
  const fs = watchedFileSystem((call) => {
    calls++
    if (calls === n) throw Object.assign(new Error(`${code}: made to fail, ${call}`), { code })
  })
  return { fs, calls: () => calls }
}

function watchedHandle(handle: FileHandle, before: BeforeCall): FileHandle {
  return new Proxy(handle, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return async (...parameters: unknown[]): Promise<unknown> => {
        try {
          before(String(property))
        } catch (thrown) {
          // A descriptor is gone even when close reports an error.
          if (property === 'close') await target.close()
          throw thrown
        }
        return Reflect.apply(value, target, parameters)
      }
    },
  })
}
