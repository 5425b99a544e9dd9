/** A process that takes hold of a backup and ends: given the backup's path and a Holder as JSON. */
import { type Holder, placeHold } from '../../src/backup-folder/index.js'

const [, , path = '', holder = ''] = process.argv
// The parent wrote it from a Holder.
await placeHold(path, JSON.parse(holder) as Holder)
