export { fingerprintBackup } from './fingerprint.js'
export { type IosBackupOptions, inspectBackup, iosBackup } from './ios-backup.js'
