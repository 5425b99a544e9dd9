import { buildBinary, type PlistValue } from 'plist'

/** A reference inside a keyed archive. */
function uid(index: number): PlistValue {
  return { UID: index }
}

/** What the manifest says of a file, directory or symlink. Times are unix seconds. */
export interface ManifestFile {
  readonly relativePath: string
  readonly size: number
  /** `st_mode`, kind and permissions. */
  readonly mode: number
  readonly modified: number
  readonly changed: number
  readonly born: number
  readonly inode: number
  readonly userId: number
  readonly groupId: number
  /** Class whose key would encrypt the file; 0 for directories and symlinks. */
  readonly protectionClass: number
  /** SHA-1 of the blob, where the domain has digests. */
  readonly digest?: Uint8Array
  /** Class and wrapped key of an encrypted file. */
  readonly encryptionKey?: Uint8Array
  /** Where a symlink points. */
  readonly target?: string
  /** Extended attributes, themselves a binary property list. */
  readonly extendedAttributes?: Uint8Array
}

/** The `file` column of Manifest.db: an MBFile archived by NSKeyedArchiver, with the keys of a real iOS 14 manifest. */
export function archiveManifestFile(file: ManifestFile): Uint8Array {
  const objects: PlistValue[] = ['$null']
  const add = (value: PlistValue) => uid(objects.push(value) - 1)
  const properties: Record<string, PlistValue> = {
    LastModified: file.modified,
    Flags: 0,
    GroupID: file.groupId,
    LastStatusChange: file.changed,
    Birth: file.born,
    Size: file.size,
    InodeNumber: file.inode,
    Mode: file.mode,
    UserID: file.userId,
    ProtectionClass: file.protectionClass,
  }
  objects.push(properties)
  properties['RelativePath'] = add(file.relativePath)
  if (file.digest !== undefined) properties['Digest'] = add(file.digest)
  if (file.encryptionKey !== undefined) {
    const data = { $classname: 'NSMutableData', $classes: ['NSMutableData', 'NSData', 'NSObject'] }
    properties['EncryptionKey'] = add({ 'NS.data': file.encryptionKey, $class: add(data) })
  }
  if (file.target !== undefined) properties['Target'] = add(file.target)
  if (file.extendedAttributes !== undefined) properties['ExtendedAttributes'] = add(file.extendedAttributes)
  properties['$class'] = add({ $classname: 'MBFile', $classes: ['MBFile', 'NSObject'] })
  return archive(objects)
}

/** The `payload_data` of a link preview. */
export function archiveLinkPreview(url: string, title: string): Uint8Array {
  const nsUrl = { $classname: 'NSURL', $classes: ['NSURL', 'NSObject'] }
  const metadata = { $classname: 'LPLinkMetadata', $classes: ['LPLinkMetadata', 'NSObject'] }
  const dictionary = { $classname: 'NSDictionary', $classes: ['NSDictionary', 'NSObject'] }
  return archive([
    '$null',
    { 'NS.keys': [uid(2)], 'NS.objects': [uid(3)], $class: uid(9) },
    'richLinkMetadata',
    { version: 1, originalURL: uid(4), URL: uid(4), title: uid(6), siteName: uid(7), $class: uid(10) },
    { 'NS.base': uid(0), 'NS.relative': uid(5), $class: uid(8) },
    url,
    title,
    new URL(url).hostname,
    nsUrl,
    dictionary,
    metadata,
  ])
}

function archive(objects: PlistValue[]): Uint8Array {
  return buildBinary({
    $version: 100000,
    $archiver: 'NSKeyedArchiver',
    $top: { root: uid(1) },
    $objects: objects,
  })
}
