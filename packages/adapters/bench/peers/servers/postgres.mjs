import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { unavailable } from '../unavailable.mjs'
import { freePort, startServer } from './server-process.mjs'

/**
 * Starts a PostgreSQL of its own: an own data folder below `folder`, a free port of the loopback interface, fsync on.
 * PostgreSQL refuses to be run by root; for root it runs as the user `postgres` that the package made.
 */
export async function startPostgres(folder) {
  const programs = findPrograms()
  const user = process.getuid() === 0 ? userNamed('postgres') : {}
  const home = join(folder, 'postgres')
  const data = join(home, 'data')
  mkdirSync(home)
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(home, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if ('uid' in user) {
    // The benchmark's folders are closed to others; that user has to pass through them.
    for (const path of [dirname(folder), folder]) chmodSync(path, 0o711)
    for (const path of [home, passwordFile]) chownSync(path, user.uid, user.gid)
  }
  const own = { ...user, cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } }
  const initdb = ['-D', data, '-U', 'bench', '-A', 'scram-sha-256', '-E', 'UTF8', `--pwfile=${passwordFile}`]
  execFileSync(join(programs, 'initdb'), initdb, { ...own, stdio: ['ignore', 'ignore', 'pipe'] })

  const port = await freePort()
  const url = `postgresql://bench:${password}@127.0.0.1:${port}/postgres`
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${home}`]
  const durable = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on']
  const args = [...settings, ...durable].flatMap((setting) => ['-c', setting])
  let durability = ''
  const isReady = async () => {
    durability = await describe(url)
    return true
  }
  // The fast shutdown: it ends the connections that are left, and checkpoints.
  const options = { ...own, isReady, stopSignal: 'SIGINT' }
  const { stop } = await startServer(join(programs, 'postgres'), ['-D', data, ...args], options)
  return { url, durability, stop }
}

/** What the server itself says of its version and of what makes its commits durable. */
async function describe(connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const show = async (setting) => (await client.query(`SHOW ${setting}`)).rows[0][setting]
  const version = await show('server_version')
  const [fsync, commit] = [await show('fsync'), await show('synchronous_commit')]
  await client.end()
  if (fsync !== 'on' || commit !== 'on') throw new Error(`fsync=${fsync}, synchronous_commit=${commit}`)
  return `PostgreSQL ${version.split(' ')[0]}, fsync=${fsync}, synchronous_commit=${commit}`
}

/** Debian keeps the server's programs beside each other by version, outside the PATH; the newest is taken. */
function findPrograms() {
  const home = '/usr/lib/postgresql'
  const versions = existsSync(home) ? readdirSync(home).sort((a, b) => Number(b) - Number(a)) : []
  const programs = versions.map((version) => join(home, version, 'bin'))
  const found = programs.find((path) => existsSync(join(path, 'initdb')))
  if (found === undefined) throw unavailable('PostgreSQL is not installed: apt-get install postgresql')
  return found
}

function userNamed(name) {
  const id = (which) => Number(execFileSync('id', [which, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
