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

/**
 * The `payload_data` of a link preview, under the key of new messages or of old ones. Strings of one field are archived bare, of
 * another as objects, as the phone does.
 */
export function archiveLinkPreview(
  url: string,
  texts: { readonly title?: string; readonly summary?: string; readonly siteName?: string },
  key: 'richLinkMetadata' | 'metadata' = 'richLinkMetadata',
): Uint8Array {
  const archived = new ArchivedObjects()
  const fields: Record<string, PlistValue> = { version: 1 }
  const address = archived.url(url)
  fields['originalURL'] = address
  fields['URL'] = address
  if (texts.title !== undefined) fields['title'] = archived.add(texts.title)
  if (texts.summary !== undefined) fields['summary'] = archived.mutableString(texts.summary)
  if (texts.siteName !== undefined) fields['siteName'] = archived.add(texts.siteName)
  return archived.finish({ [key]: archived.object('LPLinkMetadata', fields) })
}

/** The `payload_data` of an iMessage app: its name, what phones without it show, its captions and its data. */
export function archiveAppMessage(app: {
  readonly name: string
  readonly text: string
  readonly caption: string
  readonly subcaption: string
  readonly url: string
}): Uint8Array {
  const archived = new ArchivedObjects()
  const captions = archived.dictionary({
    caption: archived.add(app.caption),
    subcaption: archived.mutableString(app.subcaption),
  })
  return archived.finish({
    an: archived.add(app.name),
    ldtext: archived.add(app.text),
    userInfo: captions,
    URL: archived.url(app.url),
    layoutClass: archived.add('MSMessageTemplateLayout'),
  })
}

/** The objects of a keyed archive of a dictionary, each once. */
class ArchivedObjects {
  // The dictionary itself comes behind nothing, and is filled in last.
  readonly #objects: PlistValue[] = ['$null', null]

  add(value: PlistValue): PlistValue {
    return uid(this.#objects.push(value) - 1)
  }

  object(name: string, fields: Readonly<Record<string, PlistValue>>): PlistValue {
    return this.add({ ...fields, $class: this.#class(name) })
  }

  url(text: string): PlistValue {
    return this.object('NSURL', { 'NS.base': uid(0), 'NS.relative': this.add(text) })
  }

  mutableString(text: string): PlistValue {
    return this.object('NSMutableString', { 'NS.string': text })
  }

  dictionary(entries: Readonly<Record<string, PlistValue>>): PlistValue {
    return this.object('NSDictionary', this.#entries(entries))
  }

  finish(root: Readonly<Record<string, PlistValue>>): Uint8Array {
    this.#objects[1] = { ...this.#entries(root), $class: this.#class('NSDictionary') }
    return archive(this.#objects)
  }

  #entries(entries: Readonly<Record<string, PlistValue>>): Record<string, PlistValue> {
    return {
      'NS.keys': Object.keys(entries).map((key) => this.add(key)),
      'NS.objects': Object.values(entries),
    }
  }

  #class(name: string): PlistValue {
    return this.add({ $classname: name, $classes: [name, 'NSObject'] })
  }
}

function archive(objects: PlistValue[]): Uint8Array {
  return buildBinary({
    $version: 100000,
    $archiver: 'NSKeyedArchiver',
    $top: { root: uid(1) },
    $objects: objects,
  })
}
