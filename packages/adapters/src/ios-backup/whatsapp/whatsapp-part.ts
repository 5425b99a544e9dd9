import { checkOptions } from '@holdfast/core'
import type { AttachmentRecord, PartState } from '@holdfast/core/import'
import type { BackupPart, PartTable } from '../parts/backup-part.js'
import { apps, chatDatabase, databaseName, type WhatsAppApp } from './apps.js'
import { type OpenApp, openApp } from './open-app.js'

/** What of WhatsApp is read. */
export interface WhatsAppOptions {
  /** Which of its apps. @default both */
  readonly apps?: readonly WhatsAppApp[]
}

const names: readonly WhatsAppApp[] = ['WhatsApp', 'WhatsApp Business']

const rules = {
  apps: {
    must: `be an array of: ${names.join(', ')}`,
    test: (value: unknown) =>
      Array.isArray(value) && value.length > 0 && value.every((each) => names.some((name) => name === each)),
  },
}

/**
 * WhatsApp: conversations, messages and their media, out of ChatStorage.sqlite and the folder beside it, for WhatsApp and WhatsApp
 * Business. They become the same records as those of the phone's own messages, with the app's name as the `service`.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function whatsapp(options: WhatsAppOptions = {}): BackupPart {
  checkOptions('whatsapp', options, rules)
  const chosen = names.filter((name) => (options.apps ?? names).includes(name))
  return {
    name: 'whatsapp',
    async open(source) {
      const tables: PartTable[] = []
      const remarks: string[] = []
      const states: PartState[] = []
      const open: OpenApp[] = []
      for (const app of chosen) {
        const path = chatDatabase(apps[app])
        const name = databaseName(app, path)
        const found = await source.openDatabase(path, name)
        if (found.state === 'present') {
          const opened = await openApp(app, apps[app], found.database, source)
          open.push(opened)
          tables.push(...opened.tables)
          remarks.push(...found.remarks, ...opened.remarks)
          states.push({ part: 'whatsapp', state: 'present', detail: null })
        } else if (found.state === 'blob-missing') {
          const detail = `The backup lists ${name.file}, but its file is not on disk.`
          states.push({ part: 'whatsapp', state: 'blob-missing', detail })
        }
      }
      if (states.length === 0) states.push({ part: 'whatsapp', state: 'absent', detail: absence(chosen) })
      return {
        tables,
        states: oncePresent(states),
        remarks,
        async place(record: AttachmentRecord) {
          for (const each of open) {
            const place = await each.place(record)
            if (place !== null) return place
          }
          return null
        },
      }
    },
  }
}

/** WhatsApp leaves its database out of the phone's backup while its own end-to-end encrypted backup is on. */
function absence(chosen: readonly WhatsAppApp[]): string {
  return `The backup lists no ChatStorage.sqlite of ${chosen.join(' or ')}: the app is not installed, or keeps its messages out of the phone's backup.`
}

/** Two apps that are there are one part that is there. */
function oncePresent(states: readonly PartState[]): readonly PartState[] {
  const first = states.findIndex(({ state }) => state === 'present')
  return states.filter(({ state }, index) => state !== 'present' || index === first)
}
