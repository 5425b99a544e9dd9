export { type BackupFolderInput, type BackupFolderOptions, backupFolder } from './backup-folder.js'
export { type FoundHold, type Hold, type Holder, holdsOn, placeHold, refuseHeld, removeHold } from './hold.js'
export { type Remains, type RemoveTreeOptions, removeTree } from './remove-tree.js'
