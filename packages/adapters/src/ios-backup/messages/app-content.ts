import type { AppContent } from '@holdfast/core/import'
import { KeyedArchive } from '../../plist/keyed-archive.js'

/**
 * What an iMessage app showed: the `payload_data` of its messages is an archived dictionary with the app's name (`an`), the text for
 * phones without the app (`ldtext`), the app's own data (`URL`) and captions (`userInfo`). Null for what Apple's own apps keep in
 * other forms, such as handwriting and Digital Touch.
 */
export function appContentOf(payload: Uint8Array): AppContent | null {
  const opened = KeyedArchive.open(payload)
  if (!opened.ok) return null
  const archive = opened.value
  const { root } = archive
  const captions = archive.at(root, 'userInfo')
  const content: AppContent = {
    name: archive.text(archive.at(root, 'an')),
    text: archive.text(archive.at(root, 'ldtext')),
    caption: archive.text(archive.at(captions, 'caption')),
    subcaption: archive.text(archive.at(captions, 'subcaption')),
    url: archive.text(archive.at(root, 'URL')),
  }
  return Object.values(content).every((each) => each === null) ? null : content
}
