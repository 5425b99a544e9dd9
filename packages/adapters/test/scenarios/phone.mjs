// The process that makes a backup in these scenarios, where a host has a program that talks to an iPhone:
//   node phone.mjs <backup to hand out> <where> <quick|busy|hung|locked>
// quick: makes it at once. busy: shows a sign of life on stderr for every line that it reads, and makes it at the line 'finish'; it goes on
// when nobody listens any more, as programs do that talk to a phone.
// hung: does nothing for ever. locked: asks for the passcode first. A backup that is not finished has the ending `.part`.
import { cpSync, renameSync, rmSync } from 'node:fs'

const [from = '', to = '', mood = ''] = process.argv.slice(2)

if (mood === 'quick') make()
else if (mood === 'hung') setInterval(() => undefined, 1000)
else {
  rmSync(`${to}.part`, { recursive: true, force: true })
  cpSync(from, `${to}.part`, { recursive: true })
  process.stderr.write(mood === 'locked' ? 'passcode?\n' : 'sending\n')
  process.stderr.on('error', () => undefined)
  if (mood === 'busy') setInterval(() => undefined, 1000)
  process.stdin.setEncoding('utf8').on('data', (words) => {
    if (mood === 'locked' || String(words).includes('finish')) make()
    else process.stderr.write('debug: still sending\n')
  })
}

function make() {
  rmSync(`${to}.part`, { recursive: true, force: true })
  cpSync(from, `${to}.part`, { recursive: true })
  renameSync(`${to}.part`, to)
  process.exit(0)
}
