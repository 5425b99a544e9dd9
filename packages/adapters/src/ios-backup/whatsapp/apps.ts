import type { DatabaseName } from '../database/database-errors.js'
import type { PhonePath } from '../manifest/file-id.js'

/** One of WhatsApp's apps; each has databases and files of its own. */
export type WhatsAppApp = 'WhatsApp' | 'WhatsApp Business'

/** What an app is known by in the backup, and what its records are known by. */
export interface AppPlaces {
  /** Domain of the folder that the app shares with its extensions. */
  readonly domain: string
  /** What guids begin with: one address may be in both apps. */
  readonly prefix: string
  /** Begins the names of its tables in cursors. */
  readonly tables: string
}

/** The apps in the order in which they are read. */
export const apps: Readonly<Record<WhatsAppApp, AppPlaces>> = {
  WhatsApp: {
    domain: 'AppDomainGroup-group.net.whatsapp.WhatsApp.shared',
    prefix: 'whatsapp',
    tables: '',
  },
  'WhatsApp Business': {
    domain: 'AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared',
    prefix: 'whatsapp-business',
    tables: 'business-',
  },
}

/** The database of conversations and messages of an app. */
export function chatDatabase({ domain }: AppPlaces): PhonePath {
  return { domain, relativePath: 'ChatStorage.sqlite' }
}

/** Further databases of an app that say which phone number a hidden id stands for; what an earlier one says goes first. */
export function lidDatabases({ domain }: AppPlaces): readonly PhonePath[] {
  return ['LID.sqlite', 'ContactsV2.sqlite'].map((relativePath) => ({ domain, relativePath }))
}

/** How a database of an app is named. Two apps have databases of one name, and a private copy goes by this name. */
export function databaseName(app: WhatsAppApp, { relativePath }: PhonePath): DatabaseName {
  return { file: `${relativePath} of ${app}`, what: 'A database', damaged: 'WHATSAPP_DAMAGED' }
}
