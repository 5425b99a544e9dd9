import { buildBinary } from 'plist'
import type { BackupWriter } from './folder/backup-writer.js'
import { bait } from './messages/attachment-maker.js'
import type { Random } from './random.js'

/**
 * Adds what a reader of messages and contacts must leave alone: photos, app data, settings, a symlink, and files whose paths
 * equal those of the databases in other domains.
 */
export function addUnrelatedFiles(backup: BackupWriter, random: Random): void {
  const photo = buildBinary({
    'com.apple.assetsd.UUID': Buffer.from(random.uuid()),
    'com.apple.assetsd.hidden': false,
  })
  for (let index = 1; index <= 3; index++) {
    backup.addFile(
      { domain: 'CameraRollDomain', relativePath: `Media/DCIM/100APPLE/IMG_000${index}.HEIC` },
      random.bytes(3000 + index),
      { extendedAttributes: photo },
    )
  }
  const settings = buildBinary({ Volume: 0.5 })
  backup.addFile({ domain: 'HomeDomain', relativePath: 'Library/SpringBoard/IconState.plist' }, settings)
  backup.addFile(
    { domain: 'HomeDomain', relativePath: 'Library/Preferences/com.apple.MobileSMS.plist' },
    settings,
  )
  backup.addFile(
    { domain: 'HomeDomain', relativePath: 'Library/SMS/Drafts/+15550000000/composition.plist' },
    settings,
  )
  backup.addFile(
    { domain: 'WirelessDomain', relativePath: 'Library/Preferences/com.apple.commcenter.plist' },
    settings,
  )
  backup.addFile(
    { domain: 'RootDomain', relativePath: 'Library/Caches/locationd/consolidated.db' },
    random.bytes(900),
  )
  backup.addFile(
    { domain: 'MediaDomain', relativePath: 'Media/Recordings/Aufnahme 1.m4a' },
    random.bytes(1200),
  )
  backup.addFile(bait, settings)
  const app = 'AppDomain-com.example.notebook'
  backup.addFile({ domain: app, relativePath: 'Library/SMS/sms.db' }, Buffer.from('not the message database'))
  backup.addFile({ domain: app, relativePath: 'Documents/Übersicht – 総覧.txt' }, Buffer.from('notes'))
  backup.addDirectory({ domain: 'AppDomainGroup-group.com.example.notebook', relativePath: 'Library/Caches' })
  backup.addSymlink(
    { domain: 'DatabaseDomain', relativePath: 'timezone/localtime' },
    '/var/db/timezone/zoneinfo/Europe/London',
  )
}
