import type { Worker } from 'node:worker_threads'
import { afterEach, expect, it } from 'vitest'
import { JobThreads } from './job-threads.js'
import { startThread } from './thread-program.js'

const pools: JobThreads<number, number>[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

function newPool(threads?: number): JobThreads<number, number> {
  const made = new JobThreads<number, number>({
    start: (): Worker => startThread('test', 'serveJobs(port, (job) => job + 1)'),
    threads,
  })
  pools.push(made)
  return made
}

/** Has many jobs done at once: a pool starts as many threads as it may have. */
async function work(made: JobThreads<number, number>): Promise<void> {
  const jobs = Array.from({ length: 20 }, (_, job) => job)
  expect(await Promise.all(jobs.map((job) => made.ask(job)))).toEqual(jobs.map((job) => job + 1))
}

it('has threads for all processors alone, and half of them at least beside another pool', async () => {
  const [first, second] = [newPool(), newPool()]
  await work(first)
  expect(first.size).toBe(first.most)
  await work(second)
  expect(second.size).toBe(Math.ceil(second.most / 2))
  await first.end()
  await work(second)
  expect(second.size).toBe(second.most)
})

it('has as many threads as it was asked to, whatever other pools have', async () => {
  await work(newPool())
  const asked = newPool(3)
  await work(asked)
  expect(asked.size).toBe(3)
})
