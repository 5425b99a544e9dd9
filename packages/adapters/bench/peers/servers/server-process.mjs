import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const startTimeoutMs = 30_000

/** A port of the loopback interface that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a server and waits until `isReady` resolves to true. The result stops exactly that process, by the signal, as does the end
 * of this one, however it comes about. What the server prints is shown when it does not come up.
 */
export async function startServer(command, args, { isReady, stopSignal = 'SIGTERM', ...options }) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new AbortController()
  const kill = () => child.kill(stopSignal)
  process.once('exit', kill)
  const closed = new Promise((resolve) => {
    const end = () => {
      process.off('exit', kill)
      ended.abort()
      resolve()
    }
    child.once('close', end)
    child.once('error', (error) => {
      keep(error.message)
      end()
    })
  })
  const stop = async () => {
    if (!ended.signal.aborted) kill()
    await closed
  }
  const until = Date.now() + startTimeoutMs
  while (!ended.signal.aborted && Date.now() < until) {
    if (await isReady().catch(() => false)) return { stop }
    await delay(50)
  }
  await stop()
  throw new Error(`${command} did not come up:\n${output}`)
}
