import type { Random } from '../random.js'

/** A kind of file that people send. */
export interface FileKind {
  readonly extension: string
  readonly uti: string
  readonly mimeType: string | null
  /** First bytes of such a file. */
  readonly magic: Buffer
  /** How the sender's device names it; `#` is a number. */
  readonly name: string
}

/** The kinds of files, by extension. */
export const fileKinds = {
  heic: fileKind('heic', 'public.heic', 'image/heic', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'IMG_#.heic'),
  jpg: fileKind('jpg', 'public.jpeg', 'image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF\0\x01', 'IMG_#.jpg'),
  png: fileKind('png', 'public.png', 'image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'Screenshot #.png'),
  gif: fileKind('gif', 'com.compuserve.gif', 'image/gif', 'GIF89a', 'tenor #.gif'),
  mov: fileKind('mov', 'com.apple.quicktime-movie', 'video/quicktime', '\0\0\0\x14ftypqt  ', 'IMG_#.MOV'),
  m4a: fileKind('m4a', 'com.apple.m4a-audio', 'audio/mp4', '\0\0\0\x18ftypM4A ', 'Voice Memo #.m4a'),
  caf: fileKind('caf', 'com.apple.coreaudio-format', 'audio/x-caf', 'caff\0\x01\0\0', 'Audio Message.caf'),
  pdf: fileKind('pdf', 'com.adobe.pdf', 'application/pdf', '%PDF-1.7\n', 'Rechnung März #.pdf'),
  vcf: fileKind('vcf', 'public.vcard', 'text/vcard', 'BEGIN:VCARD\r\nVERSION:3.0\r\n', 'Zoë Nowak.vcf'),
  loc: fileKind('loc.vcf', 'public.vlocation', 'text/x-vlocation', 'BEGIN:VCARD\r\n', 'CL.loc.vcf'),
  zip: fileKind('zip', 'public.zip-archive', 'application/zip', 'PK\x03\x04', 'files #.zip'),
  payload: fileKind(
    'pluginPayloadAttachment',
    'dyn.age81a5dzq7y066dbtf0g82peqf4hk2pdrb00n5xy',
    null,
    '\xff\xd8\xff\xe0',
    '#.pluginPayloadAttachment',
  ),
} as const satisfies Record<string, FileKind>

/** Kinds by how often people send them. */
const frequent = [
  ...repeat(fileKinds.heic, 8),
  ...repeat(fileKinds.jpg, 8),
  ...repeat(fileKinds.png, 3),
  ...repeat(fileKinds.mov, 2),
  ...repeat(fileKinds.gif, 2),
  fileKinds.m4a,
  fileKinds.pdf,
  fileKinds.vcf,
  fileKinds.loc,
  fileKinds.zip,
] as const

/** How large attachments are, in bytes. */
export interface AttachmentSizes {
  /** Mean of the small ones, whose sizes are exponentially distributed. @default 18 KiB */
  readonly mean?: number
  /** Size of the large ones. @default 1 MiB */
  readonly large?: number
  /** One attachment in so many is large; 0 for none. @default 500 */
  readonly largeEvery?: number
}

/** Sizes used where the caller says nothing: a mean of about 20 KB over all. */
export const defaultSizes: Required<AttachmentSizes> = {
  mean: 18 * 1024,
  large: 1024 * 1024,
  largeEvery: 500,
}

export function pickKind(random: Random): FileKind {
  return random.pick(frequent)
}

/** Size of an attachment by its place in the plan, in bytes; the eleventh is the first large one. */
export function pickSize(random: Random, place: number, sizes: Required<AttachmentSizes>): number {
  const isLarge = sizes.largeEvery > 0 && place % sizes.largeEvery === 10 % sizes.largeEvery
  return isLarge ? sizes.large : Math.max(1, Math.round(random.exponential(sizes.mean)))
}

/** Bytes that begin like a file of the kind and are otherwise noise; different at every call. */
export function makeContent(random: Random, kind: FileKind, bytes: number): Buffer {
  const content = random.bytes(bytes)
  kind.magic.copy(content)
  return content
}

function fileKind(
  extension: string,
  uti: string,
  mimeType: string | null,
  magic: string,
  name: string,
): FileKind {
  return { extension, uti, mimeType, magic: Buffer.from(magic, 'latin1'), name }
}

function repeat(item: FileKind, times: number): FileKind[] {
  return Array.from({ length: times }, () => item)
}
