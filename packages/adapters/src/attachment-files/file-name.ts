import { HoldfastError } from '@holdfast/core'

const pattern = /^([0-9a-f]{2})\/(\1[0-9a-f]{62}(?:\.[a-z0-9]{1,8})?)$/

/** MIME subtypes whose usual extension is another word. */
const usualExtensions: Readonly<Record<string, string>> = {
  jpeg: 'jpg',
  quicktime: 'mov',
  mpeg: 'mpg',
  plain: 'txt',
  'svg+xml': 'svg',
  'x-m4a': 'm4a',
  'vnd.apple.pkpass': 'pkpass',
  'x-vcard': 'vcf',
  vcard: 'vcf',
  'octet-stream': '',
}

/** `<first two hex>/<sha256><.ext>`, with `/` on every platform: names are kept in databases that move between machines. */
export function fileName(
  sha256: string,
  hints: { readonly name: string | null; readonly mimeType: string | null },
): string {
  const extension = extensionOf(hints.name) ?? usualExtension(hints.mimeType)
  return `${sha256.slice(0, 2)}/${sha256}${extension === null ? '' : `.${extension}`}`
}

/**
 * The two parts of a name.
 *
 * @throws HoldfastError `LIBRARY_DAMAGED` for a name that {@link fileName} never gave: it may point anywhere.
 */
export function splitName(name: string): { readonly folder: string; readonly file: string } {
  const [, folder, file] = pattern.exec(name) ?? []
  if (folder === undefined || file === undefined) {
    throw new HoldfastError(
      'LIBRARY_DAMAGED',
      'The library names an attachment file in a way that it never does',
      {
        hint: 'Something else changed the library. Restore it from a copy, or import the backup into a new one.',
        retryable: false,
      },
    )
  }
  return { folder, file }
}

function extensionOf(name: string | null): string | null {
  const match = /\.([a-z0-9]{1,8})$/.exec(name?.toLowerCase() ?? '')
  return match?.[1] ?? null
}

function usualExtension(mimeType: string | null): string | null {
  const subtype = /^[a-z]+\/([a-z0-9.+-]+)/.exec(mimeType?.toLowerCase() ?? '')?.[1] ?? ''
  const extension = usualExtensions[subtype] ?? subtype
  return /^[a-z0-9]{1,8}$/.test(extension) ? extension : null
}
