import { isSince, type SchemaVersion } from '../folder/generations.js'

/** Tables of sms.db that the maker fills. */
export const messageTables = [
  'message',
  'attachment',
  'chat',
  'handle',
  'chat_message_join',
  'chat_handle_join',
  'message_attachment_join',
  'deleted_messages',
  'chat_recoverable_message_join',
  'recoverable_message_part',
  'chat_lookup',
  'chat_service',
] as const

/** One of {@link messageTables}. */
export type MessageTable = (typeof messageTables)[number]

/** A column's name and declared type. */
export type Column = readonly [name: string, type: string]

interface Change {
  readonly since: SchemaVersion
  readonly add: string
  readonly remove?: readonly string[]
}

/*
 * Each line adds to the one above it. The types are as declared, `STRING` included. Gathered from databases of iOS 6.1.6, 9.2.1, 10.2
 * and 11.2, and for later generations from the Mac's chat.db of the same year (Monterey, Ventura, Sequoia, Tahoe), which is the same
 * schema.
 */
const changes: Readonly<Record<MessageTable, readonly Change[]>> = {
  message: [
    {
      since: 'ios-6',
      add: `ROWID INTEGER, guid TEXT, text TEXT, replace INTEGER, service_center TEXT, handle_id INTEGER, subject TEXT,
        country TEXT, attributedBody BLOB, version INTEGER, type INTEGER, service TEXT, account TEXT, account_guid TEXT,
        error INTEGER, date INTEGER, date_read INTEGER, date_delivered INTEGER, is_delivered INTEGER, is_finished INTEGER,
        is_emote INTEGER, is_from_me INTEGER, is_empty INTEGER, is_delayed INTEGER, is_auto_reply INTEGER, is_prepared INTEGER,
        is_read INTEGER, is_system_message INTEGER, is_sent INTEGER, has_dd_results INTEGER, is_service_message INTEGER,
        is_forward INTEGER, was_downgraded INTEGER, is_archive INTEGER, cache_has_attachments INTEGER, cache_roomnames TEXT,
        was_data_detected INTEGER, was_deduplicated INTEGER`,
    },
    {
      since: 'ios-9',
      add: `is_audio_message INTEGER, is_played INTEGER, date_played INTEGER,
        item_type INTEGER, other_handle INTEGER, group_title TEXT, group_action_type INTEGER, share_status INTEGER,
        share_direction INTEGER, is_expirable INTEGER, expire_state INTEGER, message_action_type INTEGER, message_source INTEGER`,
    },
    {
      since: 'ios-10',
      add: `associated_message_guid STRING, balloon_bundle_id STRING, payload_data BLOB, associated_message_type INTEGER,
        expressive_send_style_id STRING, associated_message_range_location INTEGER, associated_message_range_length INTEGER,
        time_expressive_send_played INTEGER, message_summary_info BLOB`,
    },
    {
      since: 'ios-11',
      add: 'ck_sync_state INTEGER, ck_record_id TEXT, ck_record_change_tag TEXT, destination_caller_id TEXT',
    },
    {
      since: 'ios-15',
      add: `is_corrupt INTEGER, reply_to_guid TEXT, sort_id INTEGER, is_spam INTEGER, has_unseen_mention INTEGER,
        thread_originator_guid TEXT, thread_originator_part TEXT, syndication_ranges TEXT, synced_syndication_ranges TEXT,
        was_delivered_quietly INTEGER, did_notify_recipient INTEGER`,
    },
    {
      since: 'ios-16',
      add: 'date_retracted INTEGER, date_edited INTEGER, was_detonated INTEGER, part_count INTEGER',
    },
    {
      since: 'ios-18',
      add: `is_stewie INTEGER, is_kt_verified INTEGER, is_sos INTEGER, is_critical INTEGER, bia_reference_id TEXT,
        fallback_hash TEXT, associated_message_emoji TEXT, is_pending_satellite_send INTEGER, needs_relay INTEGER,
        schedule_type INTEGER, schedule_state INTEGER, sent_or_received_off_grid INTEGER`,
    },
    { since: 'ios-26', add: 'date_recovered INTEGER, is_time_sensitive INTEGER, ck_chat_id TEXT' },
  ],
  attachment: [
    {
      since: 'ios-6',
      add: `ROWID INTEGER, guid TEXT, created_date INTEGER, start_date INTEGER, filename TEXT, uti TEXT, mime_type TEXT,
        transfer_state INTEGER, is_outgoing INTEGER`,
    },
    { since: 'ios-9', add: 'user_info BLOB, transfer_name TEXT, total_bytes INTEGER' },
    {
      since: 'ios-10',
      add: 'is_sticker INTEGER, sticker_user_info BLOB, attribution_info BLOB, hide_attachment INTEGER',
    },
    {
      since: 'ios-11',
      add: 'ck_sync_state INTEGER, ck_server_change_token_blob BLOB, ck_record_id TEXT, original_guid TEXT',
    },
    { since: 'ios-15', add: 'is_commsafety_sensitive INTEGER' },
    {
      since: 'ios-18',
      add: 'emoji_image_content_identifier TEXT, emoji_image_short_description TEXT, preview_generation_state INTEGER',
    },
  ],
  chat: [
    {
      since: 'ios-6',
      add: `ROWID INTEGER, guid TEXT, style INTEGER, state INTEGER, account_id TEXT, properties BLOB, chat_identifier TEXT,
        service_name TEXT, room_name TEXT, account_login TEXT, is_archived INTEGER, last_addressed_handle TEXT`,
    },
    {
      since: 'ios-9',
      add: 'display_name TEXT, group_id TEXT, is_filtered INTEGER, successful_query INTEGER',
    },
    {
      since: 'ios-11',
      add: `engram_id TEXT, server_change_token TEXT, ck_sync_state INTEGER, original_group_id TEXT,
        last_read_message_timestamp INTEGER, ck_record_system_property_blob BLOB`,
    },
    {
      since: 'ios-15',
      add: `cloudkit_record_id TEXT, last_addressed_sim_id TEXT, is_blackholed INTEGER, syndication_date INTEGER,
        syndication_type INTEGER`,
      remove: ['ck_record_system_property_blob'],
    },
    { since: 'ios-18', add: 'is_recovered INTEGER, is_deleting_incoming_messages INTEGER' },
  ],
  handle: [
    {
      since: 'ios-6',
      add: 'ROWID INTEGER, id TEXT, country TEXT, service TEXT, uncanonicalized_id TEXT',
    },
    { since: 'ios-15', add: 'person_centric_id TEXT' },
  ],
  chat_message_join: [
    { since: 'ios-6', add: 'chat_id INTEGER, message_id INTEGER' },
    { since: 'ios-11', add: 'message_date INTEGER' },
  ],
  chat_handle_join: [{ since: 'ios-6', add: 'chat_id INTEGER, handle_id INTEGER' }],
  message_attachment_join: [{ since: 'ios-6', add: 'message_id INTEGER, attachment_id INTEGER' }],
  deleted_messages: [{ since: 'ios-9', add: 'ROWID INTEGER, guid TEXT' }],
  chat_recoverable_message_join: [
    {
      since: 'ios-16',
      add: 'chat_id INTEGER, message_id INTEGER, delete_date INTEGER, ck_sync_state INTEGER',
    },
  ],
  recoverable_message_part: [
    {
      since: 'ios-16',
      add: `chat_id INTEGER, message_id INTEGER, part_index INTEGER, delete_date INTEGER, part_text BLOB,
        ck_sync_state INTEGER`,
    },
  ],
  chat_lookup: [{ since: 'ios-26', add: 'identifier TEXT, domain TEXT, chat INTEGER, priority INTEGER' }],
  chat_service: [{ since: 'ios-26', add: 'service TEXT, chat INTEGER' }],
}

/** The columns of a table in a generation, in order; empty where the table does not exist yet. */
export function messageColumns(version: SchemaVersion, table: MessageTable): readonly Column[] {
  const columns: Column[] = []
  for (const change of changes[table]) {
    if (!isSince(version, change.since)) break
    for (const name of change.remove ?? []) {
      columns.splice(
        columns.findIndex((column) => column[0] === name),
        1,
      )
    }
    for (const declaration of change.add.split(',')) {
      const [name = '', type = ''] = declaration.trim().split(' ')
      columns.push([name, type])
    }
  }
  return columns
}
