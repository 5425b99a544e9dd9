/**
 * Every code that Holdfast's own packages use, with what it means. Codes are stable: hosts map them to words and actions,
 * and journals hold them for years. `docs/errors.md` is this table.
 */
export const errorCodes = {
  // Definitions and options
  SAGA_INVALID: 'A saga definition contradicts itself or breaks a rule of the engine.',
  OPTION_UNKNOWN: 'An options object has a property that nothing reads, most often a misspelling.',
  OPTION_INVALID: 'An option has a value of the wrong type or outside its range.',
  NOT_SERIALIZABLE: 'A value that must be journaled cannot be carried by JSON.',
  // Runs
  SAGA_UNKNOWN:
    'The runner was not given a saga of that name, or not in a version that can continue the run.',
  RUN_UNKNOWN: 'The journal holds no run with that id.',
  RUN_UNDER_WAY: 'A run with the same key is under way with another input, or the host wants no other run.',
  START_GIVEN_UP: 'A start that was queued was given up by its signal before the run began.',
  RUN_NOT_AT_REST: 'The request needs a run that rests; this one is working.',
  RUN_ENDED: 'The run is done or discarded; nothing more can be asked of it.',
  RUN_PAST_PIVOT: 'The run is past its pivot: only forward is left, so it cannot be discarded.',
  RUN_SUSPENDED:
    'This process stopped driving the run; its journal is intact and `recover()` goes on from it.',
  NOTHING_ASKED: 'An answer was provided although the run asks for nothing of that kind.',
  RUNNER_CLOSED: 'The runner was shut down.',
  // Steps
  STEP_FAILED: 'A step failed with an error that carries no code of its own.',
  STEP_TIMED_OUT: 'A step took longer than its timeout.',
  STEP_STALLED: 'A step showed no activity for longer than its stall limit.',
  OUTPUT_MISSING: 'A step read the output of a step that has not finished.',
  RESOURCE_LOST: 'A resource that the step needs went away, such as an unplugged phone.',
  CANCELLED: 'The run was cancelled.',
  // Journal and leases
  LEASE_HELD: 'Another run, or another process, holds what this run needs.',
  RUN_MIGRATION_FAILED: 'A run of an older version of its saga cannot go on under this one; it is set aside.',
  LEASE_LOST: 'Another process took the run over; this one may write nothing more.',
  JOURNAL_FAILED: 'The journal could not be read or written.',
  JOURNAL_NEWER: 'The journal was written by a newer version of Holdfast; nothing was touched.',
  JOURNAL_OLDER:
    'The journal has an older version, and was opened without leave to bring it to the present one; nothing was touched.',
  JOURNAL_DAMAGED: 'Entries of a run are missing or unreadable; the run is set aside.',
  // Backups
  BACKUP_NOT_FOUND: 'There is no folder at the path of the backup.',
  BACKUP_INVALID: 'The folder is not an iPhone backup.',
  BACKUP_TORN: 'The backup is incomplete: making it was interrupted.',
  BACKUP_ENCRYPTED: 'The backup is encrypted and needs its password.',
  PASSWORD_WRONG: 'The password does not open the encrypted backup.',
  KEYBAG_DAMAGED: 'The keys of the encrypted backup are damaged or missing; no password opens it.',
  BACKUP_CHANGED: 'The backup is not the one that was verified; it is not touched.',
  BACKUP_UNSAFE: 'The backup names a file outside its own folder.',
  BACKUP_UNREADABLE: 'A file of the backup could not be read.',
  MANIFEST_MISSING: 'The backup has no list of its files (a manifest).',
  MANIFEST_DAMAGED:
    'The list of files of the backup (its manifest) is truncated, or is not what it should be.',
  MESSAGES_MISSING: 'The backup holds no message database.',
  MESSAGES_DAMAGED: 'The message database of the backup cannot be read.',
  CONTACTS_DAMAGED: 'The contacts database of the backup cannot be read.',
  CALLS_DAMAGED: 'The call history of the backup cannot be read.',
  VOICEMAIL_DAMAGED: 'The voicemail database of the backup cannot be read.',
  WHATSAPP_DAMAGED: 'The WhatsApp database of the backup cannot be read.',
  // Library
  DESTINATION_UNWRITABLE: 'The destination folder cannot be written.',
  DESTINATION_UNSAFE: 'The destination lies inside the backup, or the backup inside the destination.',
  LIBRARY_NEWER: 'The library was written by a newer version of Holdfast; nothing was touched.',
  LIBRARY_DAMAGED: 'The library cannot be read as one.',
  OWNER_TAKEN: 'The library holds imports of an owner with that id already.',
  LIBRARY_CHANGED: 'Another import was published meanwhile; the store begins afresh on the next attempt.',
  STORE_FAILED: 'Writing to the library failed.',
  DISK_FULL: 'The volume is full.',
  IMPORT_UNKNOWN: 'The library holds no such import.',
  // Verify and release
  VERIFY_FAILED: 'What was stored differs from the source.',
  SKIP_NOT_ALLOWED: 'Items were skipped for a reason that the policy does not allow.',
  RECEIPT_INVALID: 'The receipt is not valid for this backup.',
  RELEASE_REFUSED: 'The backup may not be deleted by this run.',
  BACKUP_HELD: 'Another run needs the backup, so it is neither deleted nor replaced.',
  RELEASE_FAILED: 'The backup could not be removed completely.',
  // Phones
  MUX_UNREACHABLE:
    'The service of the system that speaks with iPhones (usbmuxd; Apple’s own on macOS and Windows) does not run.',
  MUX_FAILED: 'The service of the system that speaks with iPhones answered what it should not.',
  DEVICE_NOT_FOUND: 'The iPhone is not connected.',
  DEVICE_NOT_PAIRED:
    'The iPhone and this computer do not trust each other yet, or the iPhone has forgotten it.',
  DEVICE_REFUSED: 'The iPhone accepts no connection on a port.',
  DEVICE_LOST: 'The connection to the iPhone ended.',
  DEVICE_SILENT: 'The iPhone, or the service that speaks with it, did not answer in time.',
  DEVICE_PROTOCOL: 'The iPhone sent what was not expected.',
  DEVICE_TLS_FAILED: 'The encrypted connection to the iPhone could not be made.',
  DEVICE_LOCKED: 'The iPhone is locked, or was not unlocked since it started.',
  TRUST_PENDING: 'The iPhone asks whether to trust this computer, and nobody has answered.',
  TRUST_DENIED: 'Somebody tapped “Don’t Trust” on the iPhone.',
  SESSION_INACTIVE: 'The iPhone ended the session.',
  SERVICE_UNKNOWN: 'The iPhone has no such service.',
  SERVICE_PROHIBITED: 'The iPhone is managed, and its organisation does not allow the service.',
  FIND_MY_ON: 'The iPhone refuses while “Find My iPhone” is on.',
  LOCKDOWN_FAILED: 'The iPhone refused a request, with a word that has no code of its own.',
  SYNC_UNDER_WAY: 'Another program backs the iPhone up or synchronises it.',
  AFC_FAILED: 'The iPhone refused an operation on one of its files.',
  DEVICE_VERSION: 'The iPhone makes backups in a way that is not known.',
  DEVICE_CANCELLED: 'Somebody cancelled the backup on the iPhone.',
  DEVICE_BACKUP_FAILED: 'The iPhone could not make the backup, for a reason that has no code of its own.',
  DEVICE_RENAME_FAILED: 'The iPhone could not rename a file.',
  DEVICE_SNAPSHOT_LEFT: 'The iPhone still has the beginnings of an earlier backup, which was interrupted.',
  DEVICE_FILE_MISSING: 'The iPhone misses a file of the backup.',
  DEVICE_LIST_DAMAGED: 'The iPhone cannot read a list of the backup.',
  DEVICE_IO_FAILED: 'The iPhone could not read or write a file.',
  DEVICE_FOLDER_FAILED: 'The iPhone could not make a folder.',
  DEVICE_PROPERTIES_UNREADABLE:
    'The iPhone could not read what it needs of itself for a backup; mostly because it is locked.',
  DEVICE_FILES_FAILED: 'The iPhone could not send some of its files.',
  DEVICE_BASE_DAMAGED: 'The iPhone cannot go on from the backup that is there.',
  DEVICE_PASSWORD_WRONG: 'The iPhone refused the password of its backups.',
  PASSCODE_MISSING: 'The iPhone is locked, or its passcode was not entered in time.',
  DEVICE_NOT_SET_UP: 'The iPhone was not set up to its end.',
  DEVICE_BACKUP_INCOMPLETE: 'The iPhone said that the backup is finished, and it is not whole.',
  // Drivers
  DRIVER_MISSING: 'A library that the adapter needs is not installed.',
  DRIVER_UNSUPPORTED: 'The installed version of a library does not work on this runtime.',
  // Threads
  THREAD_LOST:
    'The thread that does the work of an import ended, or cannot be started; nothing of the backup or the library is lost.',
  // The test kit
  INVARIANT_BROKEN: 'Something that must hold for a saga does not hold on every path.',
  WALK_TOO_LONG: 'A saga has more states than were allowed.',
  REPLAY_DIFFERS: 'Reading the journal of a run again gave another state.',
} as const satisfies Record<string, string>

/** A code of Holdfast's own. Hosts may use codes of their own in the errors of their steps. */
export type ErrorCode = keyof typeof errorCodes
