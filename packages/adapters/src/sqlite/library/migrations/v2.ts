import { owner, visible } from './visible.js'

const version = `
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT`

/** New columns are null in every row that is there, so that none of them changes and every hash still fits. */
const tables = `
CREATE TABLE call_rows (${version},
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  started_at INTEGER,
  duration_ms INTEGER,
  direction TEXT NOT NULL,
  is_answered INTEGER NOT NULL,
  medium TEXT NOT NULL,
  service TEXT
);
CREATE INDEX call_rows_id ON call_rows (id);
CREATE INDEX call_rows_started ON call_rows (started_at);
CREATE INDEX call_rows_supersedes ON call_rows (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE call_handle_rows (
  call INTEGER NOT NULL,
  position INTEGER NOT NULL,
  handle TEXT NOT NULL,
  PRIMARY KEY (call, position)
) WITHOUT ROWID;
CREATE INDEX call_handle_rows_handle ON call_handle_rows (handle);

CREATE TABLE voicemail_rows (${version},
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  sender TEXT,
  callback_number TEXT,
  received_at INTEGER,
  duration_ms INTEGER,
  trashed_at INTEGER,
  is_read INTEGER
);
CREATE INDEX voicemail_rows_id ON voicemail_rows (id);
CREATE INDEX voicemail_rows_supersedes ON voicemail_rows (supersedes) WHERE supersedes IS NOT NULL;

-- What an attachment hangs on that is no message; message_guid stays for those.
ALTER TABLE attachment_rows ADD COLUMN parent_type TEXT;
ALTER TABLE attachment_rows ADD COLUMN parent_key TEXT;
ALTER TABLE attachment_rows ADD COLUMN device TEXT;
CREATE INDEX attachment_rows_parent ON attachment_rows (parent_key) WHERE parent_key IS NOT NULL;

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

/** Handles as they are: what version 1 knew of them is enough for those that are international already, and for addresses. */
const handles = `
CREATE TABLE handle_rows (
  import INTEGER NOT NULL,
  handle TEXT NOT NULL,
  canonical TEXT NOT NULL,
  PRIMARY KEY (import, handle)
) WITHOUT ROWID;
CREATE INDEX handle_rows_handle ON handle_rows (handle);
CREATE INDEX handle_rows_canonical ON handle_rows (canonical);
INSERT INTO handle_rows
SELECT import, handle, CASE WHEN instr(handle, '@') > 0 THEN lower(handle) ELSE handle END FROM (
  SELECT import, sender AS handle FROM message_rows WHERE sender IS NOT NULL
  UNION SELECT c.import, m.handle FROM chat_rows AS c JOIN chat_member_rows AS m ON m.chat = c.row);

ALTER TABLE contact_rows ADD COLUMN prefix TEXT;
ALTER TABLE contact_rows ADD COLUMN suffix TEXT;
ALTER TABLE contact_rows ADD COLUMN nickname TEXT;
ALTER TABLE contact_rows ADD COLUMN phonetic_first_name TEXT;
ALTER TABLE contact_rows ADD COLUMN phonetic_middle_name TEXT;
ALTER TABLE contact_rows ADD COLUMN phonetic_last_name TEXT;
ALTER TABLE contact_rows ADD COLUMN department TEXT;
ALTER TABLE contact_rows ADD COLUMN job_title TEXT;

ALTER TABLE contact_point_rows ADD COLUMN handle TEXT;
ALTER TABLE contact_point_rows ADD COLUMN service TEXT;
ALTER TABLE contact_point_rows ADD COLUMN street TEXT;
ALTER TABLE contact_point_rows ADD COLUMN city TEXT;
ALTER TABLE contact_point_rows ADD COLUMN state TEXT;
ALTER TABLE contact_point_rows ADD COLUMN postal_code TEXT;
ALTER TABLE contact_point_rows ADD COLUMN country TEXT;
ALTER TABLE contact_point_rows ADD COLUMN country_code TEXT;
CREATE INDEX contact_point_rows_handle ON contact_point_rows (coalesce(handle, value)) WHERE kind IN ('phone', 'email');
`

/** A contact of version 1 has no canonical handles: it is linked by those that were typed as the phone writes them. */
const contactViews = `
DROP VIEW contacts;
CREATE VIEW contacts AS
SELECT id, display_name, first_name, middle_name, last_name, organization, note, birthday, created_at, modified_at,
  prefix, suffix, nickname, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title,
  nullif(device, '') AS device, ${owner('c')}
FROM contact_rows AS c WHERE ${visible('c', 'contact_rows')};

DROP VIEW contact_points;
CREATE VIEW contact_points AS
SELECT c.id AS contact_id, p.kind, p.value, p.label, p.handle, p.service, p.street, p.city, p.state, p.postal_code, p.country,
  p.country_code, nullif(c.device, '') AS device, ${owner('c')}
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row WHERE ${visible('c', 'contact_rows')};

CREATE VIEW contact_handles AS
SELECT DISTINCT c.id AS contact_id, h.handle, nullif(c.device, '') AS device, ${owner('c')}
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row
  JOIN handle_rows AS h ON h.canonical = coalesce(p.handle, p.value)
  JOIN import_rows AS i ON i.n = h.import AND i.publication IS NOT NULL AND i.owner = c.owner
WHERE p.kind IN ('phone', 'email') AND ${visible('c', 'contact_rows')};
`

const views = `
CREATE VIEW calls AS
SELECT id, started_at, duration_ms, direction, is_answered, medium, service,
  (SELECT h.handle FROM call_handle_rows AS h WHERE h.call = c.row ORDER BY h.position LIMIT 1) AS handle,
  nullif(device, '') AS device, ${owner('c')}
FROM call_rows AS c WHERE ${visible('c', 'call_rows')};

CREATE VIEW call_handles AS
SELECT c.id AS call_id, h.handle, nullif(c.device, '') AS device, ${owner('c')}
FROM call_rows AS c JOIN call_handle_rows AS h ON h.call = c.row WHERE ${visible('c', 'call_rows')};

CREATE VIEW voicemails AS
SELECT id, sender, callback_number, received_at, duration_ms, trashed_at, is_read,
  nullif(device, '') AS device, ${owner('v')}
FROM voicemail_rows AS v WHERE ${visible('v', 'voicemail_rows')};

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
  uti, is_sticker, created_at, claimed_bytes, part,
  CASE WHEN parent_type = 'voicemail' THEN parent_key END AS voicemail_id,
  CASE WHEN parent_type = 'contact' THEN parent_key END AS contact_id,
  nullif(device, '') AS device, ${owner('a')}
FROM attachment_rows AS a WHERE ${visible('a', 'attachment_rows')};
`

/** Version 2: calls, voicemails, all that messages hold, and attachments of more than messages, in their order. */
export const v2 = tables + handles + views + contactViews
