export { type BackupFolderInput, type BackupFolderOptions, backupFolder } from './backup-folder.js'
export { type Remains, type RemoveTreeOptions, removeTree } from './remove-tree.js'
