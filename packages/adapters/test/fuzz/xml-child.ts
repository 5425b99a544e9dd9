import { readPlistFile } from '../../src/ios-backup/folder/plist-file.js'
import { parsePlist } from '../../src/plist/parse-plist.js'
import { isDict } from '../../src/plist/plist-value.js'
import { inputOf, subjects } from './subjects.js'

/*
 * Parses XML property lists in a process of its own, whose memory is small and whose output somebody listens to: the file that is named,
 * or as many drafts of a seed. How many could be read is the exit status, so that nothing has to be printed.
 */

const [what = '', of = '', count = '0'] = process.argv.slice(2)
if (what === 'file') {
  const plist = await readPlistFile(of)
  const applications = plist.state === 'present' ? plist.dict.get('Applications') : null
  process.exitCode = isDict(applications) && applications.size === 500 ? 77 : 1
} else {
  const subject = subjects['XML property list']
  if (subject === undefined) throw new Error('no such decoder')
  const read = { well: 0, refused: 0 }
  for (let index = 0; index < Number(count); index++) {
    const bytes = inputOf(subject, 'XML property list', of, index)
    read[parsePlist(bytes).ok ? 'well' : 'refused'] += 1
  }
  process.exitCode = read.well > 0 && read.refused > 0 ? 77 : 1
}
