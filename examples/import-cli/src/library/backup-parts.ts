import {
  type BackupPart,
  calls,
  contacts,
  messages,
  voicemail,
  whatsapp,
} from '@holdfast/adapters/ios-backup'
import { type BackupPartName, backupParts } from '@holdfast/core/import'

const makers: Readonly<Record<BackupPartName, () => BackupPart>> = {
  contacts,
  messages,
  calls,
  voicemail,
  whatsapp,
}

/** Parts of a backup for its reader, by their names. */
export function partsToRead(names: readonly BackupPartName[] = backupParts): readonly BackupPart[] {
  return names.map((name) => makers[name]())
}
