import { owner, visible } from './visible.js'

const tables = `
ALTER TABLE message_rows ADD COLUMN reply_to_part INTEGER;
ALTER TABLE message_rows ADD COLUMN target_guid TEXT;
ALTER TABLE message_rows ADD COLUMN target_part INTEGER;
ALTER TABLE message_rows ADD COLUMN unsent_parts TEXT;
ALTER TABLE message_rows ADD COLUMN deleted_at INTEGER;
ALTER TABLE message_rows ADD COLUMN deleted_parts TEXT;
ALTER TABLE message_rows ADD COLUMN event TEXT;
ALTER TABLE message_rows ADD COLUMN event_handle TEXT;
ALTER TABLE message_rows ADD COLUMN link_preview TEXT;
ALTER TABLE message_rows ADD COLUMN app TEXT;
ALTER TABLE message_rows ADD COLUMN audio TEXT;
ALTER TABLE message_rows ADD COLUMN mentions TEXT;
ALTER TABLE message_rows ADD COLUMN is_scheduled INTEGER;
CREATE INDEX message_rows_deleted_parts ON message_rows (row) WHERE deleted_parts IS NOT NULL;
CREATE INDEX message_rows_mentions ON message_rows (row) WHERE mentions IS NOT NULL;

ALTER TABLE attachment_rows ADD COLUMN part INTEGER;
`

const views = `
DROP VIEW messages;
CREATE VIEW messages AS
SELECT guid, chat_guid, sender, is_from_me, sent_at, text, kind, service, reply_to_guid, text_state, subject, read_at,
  delivered_at, edited_at, is_deleted, effect, balloon, group_title, other_chat_guids,
  reply_to_part, target_guid, target_part, unsent_parts, deleted_at, event, event_handle,
  link_preview ->> 'url' AS link_url, link_preview ->> 'title' AS link_title, link_preview ->> 'summary' AS link_summary,
  link_preview ->> 'siteName' AS link_site_name,
  app ->> 'name' AS app_name, app ->> 'text' AS app_text, app ->> 'caption' AS app_caption,
  app ->> 'subcaption' AS app_subcaption, app ->> 'url' AS app_url,
  audio, coalesce(is_scheduled, 0) AS is_scheduled, ${owner('m')}
FROM message_rows AS m WHERE ${visible('m', 'message_rows')};

CREATE VIEW message_mentions AS
SELECT m.guid AS message_guid, e.value ->> 'handle' AS handle, e.value ->> 'start' AS start, e.value ->> 'length' AS length,
  ${owner('m')}
FROM message_rows AS m, json_each(m.mentions) AS e
WHERE m.mentions IS NOT NULL AND ${visible('m', 'message_rows')};

CREATE VIEW message_deleted_parts AS
SELECT m.guid AS message_guid, e.value ->> 'part' AS part, e.value ->> 'deletedAt' AS deleted_at, e.value ->> 'text' AS text,
  ${owner('m')}
FROM message_rows AS m, json_each(m.deleted_parts) AS e
WHERE m.deleted_parts IS NOT NULL AND ${visible('m', 'message_rows')};

DROP VIEW attachments;
CREATE VIEW attachments AS
SELECT guid, message_guid, sha256, bytes, mime_type, name,
  CASE WHEN sha256 IS NULL THEN 'skipped' ELSE 'stored' END AS status,
  CASE WHEN sha256 IS NULL THEN unavailable END AS reason,
  (SELECT f.name FROM file_rows AS f WHERE f.sha256 = a.sha256) AS path,
  uti, is_sticker, created_at, claimed_bytes, part, ${owner('a')}
FROM attachment_rows AS a WHERE ${visible('a', 'attachment_rows')};
`

/** Version 2 of the library's tables and views: all that messages hold, and the order of attachments within a message. */
export const v2 = tables + views
