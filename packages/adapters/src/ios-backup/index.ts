export { fingerprintBackup } from './folder/fingerprint.js'
export { type IosBackupOptions, inspectBackup, iosBackup } from './ios-backup.js'
