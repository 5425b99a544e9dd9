import type { LinkPreview } from '@holdfast/core/import'
import { KeyedArchive } from '../../plist/keyed-archive.js'

/** Balloon of a web address with its preview: an ordinary message, not one of an app. */
export const linkBalloon = 'com.apple.messages.URLBalloonProvider'

/**
 * What the phone showed of a web address: `payload_data` is an archive with an LPLinkMetadata under `richLinkMetadata`, or `metadata`
 * in older messages. Null when it says nothing, as while the preview was not loaded yet, or cannot be decoded.
 */
export function linkPreviewOf(payload: Uint8Array): LinkPreview | null {
  const opened = KeyedArchive.open(payload)
  if (!opened.ok) return null
  const archive = opened.value
  const { root } = archive
  const metadata = archive.at(root, 'richLinkMetadata') ?? archive.at(root, 'metadata')
  const text = (key: string) => archive.text(archive.at(metadata, key))
  const preview: LinkPreview = {
    url: text('URL') ?? text('originalURL'),
    title: text('title'),
    summary: text('summary'),
    siteName: text('siteName'),
  }
  return Object.values(preview).every((each) => each === null) ? null : preview
}
