import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'

/** Megabytes a second that so many threads read, decrypt, hash and write into a folder, each its share of the files. */
export async function bareSpeed(
  sources: readonly string[],
  target: string,
  threads: number,
): Promise<number> {
  const workers = Array.from({ length: threads }, (_, thread) => {
    const share = sources.filter((_source, index) => index % threads === thread)
    const workerData = { sources: share, target, name: `thread-${thread}` }
    return new Worker(new URL('bare-thread.mjs', import.meta.url), { workerData, execArgv: [] })
  })
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const since = performance.now()
  const done = workers.map(async (worker): Promise<number> => {
    worker.postMessage('go', [])
    const [bytes] = await once(worker, 'message')
    return Number(bytes)
  })
  const bytes = (await Promise.all(done)).reduce((sum, each) => sum + each, 0)
  const seconds = (performance.now() - since) / 1000
  await Promise.all(workers.map((worker) => worker.terminate()))
  return bytes / 1e6 / seconds
}
