import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { unavailable } from '../unavailable.mjs'
import { freePort, startServer } from './server-process.mjs'

/** Starts a Restate server of its own, its data below `folder`, on free ports of the loopback interface. */
export async function startRestate(folder) {
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()]
  const host = ['--bind-ip', '127.0.0.1', '--advertised-host', '127.0.0.1', '--listen-mode', 'tcp']
  const args = ['--no-logo', '--base-dir', join(folder, 'restate'), '--bind-port', String(node), ...host]
  const env = {
    PATH: process.env.PATH,
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
  }
  const program = findServer()
  const durability = describe(execFileSync(program, [...args, '--dump-config'], { env, encoding: 'utf8' }))
  const { stop } = await startServer(program, args, {
    env,
    isReady: async () => {
      const answers = [`http://127.0.0.1:${admin}/health`, `http://127.0.0.1:${ingress}/restate/health`]
      return (await Promise.all(answers.map((url) => fetch(url)))).every(({ ok }) => ok)
    },
  })
  const url = (port) => `http://127.0.0.1:${port}`
  return { ingressUrl: url(ingress), adminUrl: url(admin), durability, stop }
}

/** What the server's own configuration says of its logs. */
function describe(configuration) {
  const settings = [...configuration.matchAll(/^rocksdb-disable-wal-fsync = (\w+)$/gm)]
  if (settings.length === 0 || settings.some(([, disabled]) => disabled !== 'false')) {
    throw new Error('the server does not say that it calls fsync')
  }
  return 'Restate server, RocksDB, fsync of its log'
}

/** The program itself, not the script that npm links: a signal must reach the server. */
function findServer() {
  const program = `@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`
  try {
    return createRequire(import.meta.url).resolve(program)
  } catch {
    throw unavailable(`there is no Restate server for ${platform()}-${arch()}`)
  }
}
