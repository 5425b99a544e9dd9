import { buildBinary } from 'plist'
import { describe, expect, test } from 'vitest'
import { archiveAppMessage, archiveLinkPreview } from '../../testing/synthetic-backup/folder/keyed-archive.js'
import { fileIdOf } from '../manifest/file-id.js'
import { appContentOf } from './app-content.js'
import { attachmentPath } from './attachment-path.js'
import { audioStateOf } from './audio-state.js'
import { linkPreviewOf } from './link-preview.js'
import { answeredPart, messagePartOf } from './message-part.js'
import { systemEventOf } from './system-event.js'

describe('a link preview', () => {
  test.each(['richLinkMetadata', 'metadata'] as const)('is read from under %s', (key) => {
    const texts = { title: 'Über uns', summary: 'What we do', siteName: 'Fähre' }
    const payload = archiveLinkPreview('https://example.org/a?b=1', texts, key)
    expect(linkPreviewOf(payload)).toEqual({ url: 'https://example.org/a?b=1', ...texts })
  })

  test('that says nothing, or is no archive, is none', () => {
    expect(linkPreviewOf(Buffer.from('no archive'))).toBeNull()
    expect(linkPreviewOf(buildBinary({ $top: {}, $objects: [] }))).toBeNull()
    expect(linkPreviewOf(buildBinary({ $top: { root: { UID: 9 } }, $objects: ['$null'] }))).toBeNull()
  })

  test('whose archive contains itself ends', () => {
    const dictionary = { 'NS.keys': [{ UID: 2 }], 'NS.objects': [{ UID: 1 }] }
    const self = { $top: { root: { UID: 1 } }, $objects: ['$null', dictionary, 'richLinkMetadata'] }
    expect(linkPreviewOf(buildBinary(self))).toBeNull()
    const string = { 'NS.string': { UID: 3 } }
    const title = { 'NS.keys': [{ UID: 2 }, { UID: 4 }], 'NS.objects': [{ UID: 1 }, { UID: 3 }] }
    const inner = {
      $top: { root: { UID: 1 } },
      $objects: ['$null', title, 'richLinkMetadata', string, 'title'],
    }
    expect(linkPreviewOf(buildBinary(inner))).toBeNull()
  })
})

test('an app shows its name, captions and data; handwriting is no archive of an app', () => {
  const app = {
    name: 'Sea Battle',
    text: 'Play',
    caption: 'Your turn',
    subcaption: 'Shots: 12',
    url: 'data:?x=1',
  }
  expect(appContentOf(archiveAppMessage(app))).toEqual(app)
  expect(appContentOf(Buffer.from('0a0b0c', 'hex'))).toBeNull()
})

test.each([
  [1, 0, 0, 'participant-added'],
  [1, 1, 0, 'participant-removed'],
  [2, 1, 0, 'group-renamed'],
  [3, 0, 0, 'participant-left'],
  [3, 1, 0, 'photo-changed'],
  [3, 2, 0, 'photo-removed'],
  [3, 9, 0, 'other'],
  [4, 0, 0, 'location-shared'],
  [4, 0, 1, 'location-stopped'],
  [5, 0, 0, 'audio-kept'],
  [6, 0, 0, 'shareplay'],
  [99, 0, 0, 'other'],
  [-1, -1, -1, 'other'],
])('item type %i with action %i and status %i is %s', (item, action, status, kind) => {
  expect(systemEventOf(item, action, status, 'x')).toEqual({ kind, handle: 'x' })
})

test.each([
  [null, null, null, null],
  [0, 1, 1, null],
  [1, 1, 0, 'temporary'],
  [1, 1, 1, 'expired'],
  [1, 1, 3, 'kept'],
  [1, 0, 0, 'kept'],
  [1, null, null, 'kept'],
])(
  'is_audio_message %s, is_expirable %s and expire_state %s make a recording that is %s',
  (audio, expirable, state, expected) => {
    expect(audioStateOf(audio, expirable, state)).toBe(expected)
  },
)

test('a part is counted only where one is named', () => {
  expect(messagePartOf('p:2/G')).toEqual({ guid: 'G', part: 2 })
  expect(messagePartOf('bp:G')).toEqual({ guid: 'G', part: null })
  expect(messagePartOf('p:99999999999/G')).toEqual({ guid: 'p:99999999999/G', part: null })
  expect(messagePartOf(null)).toBeNull()
  expect(answeredPart('1:0:12')).toBe(1)
  expect(answeredPart('7')).toBe(7)
  expect(answeredPart('x:0:12')).toBeNull()
  expect(answeredPart(null)).toBeNull()
})

describe('the path of an attachment', () => {
  const relativePath = 'Library/SMS/Attachments/ab/11/GUID/IMG_0001.heic'
  test.each(['~', '/var/mobile', '/private/var/mobile'])(
    'below %s is the same file of the backup',
    (home) => {
      const path = attachmentPath(`${home}/${relativePath}`)
      expect(path).toEqual({ domain: 'MediaDomain', relativePath })
      // Computed with sha1sum over `MediaDomain-Library/SMS/Attachments/ab/11/GUID/IMG_0001.heic`.
      expect(typeof path === 'string' ? path : fileIdOf(path)).toBe(
        '8cfa6c0b42eac8ac4d94adeb43d5e0dbfb182a32',
      )
    },
  )

  test.each([
    ['~/Library/SMS/StickerCache/x/sticker.heic', 'file'],
    ['~/Library/SMS/Attachments/00/00/G/A.pluginPayloadAttachment', 'file'],
    ['~/Library/SMSother/x', 'invalid-path'],
    ['~/Library/SMS/../../x', 'invalid-path'],
    ['/var/root/Library/SMS/x', 'invalid-path'],
    ['/etc/passwd', 'invalid-path'],
    ['~/Library/SMS/a\0b', 'invalid-path'],
    ['', 'no-path'],
    [null, 'no-path'],
  ])('%s is %s', (filename, expected) => {
    const path = attachmentPath(filename)
    expect(typeof path === 'string' ? path : 'file').toBe(expected)
  })
})
