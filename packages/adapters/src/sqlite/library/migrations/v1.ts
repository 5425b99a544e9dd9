import { owner, publication, visible } from './visible.js'

/** What every table of versions begins with. `hash` covers the columns behind it; `exact` holds them where text cannot. */
const version = `
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT`

const tables = `
CREATE TABLE library_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO library_meta VALUES ('version', 0), ('publications', 0);

CREATE TABLE owner_rows (n INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE);

CREATE TABLE import_rows (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  udid TEXT,
  state TEXT NOT NULL CHECK (state IN ('staging', 'published', 'discarding')),
  base INTEGER NOT NULL,
  cursor TEXT,
  batch TEXT,
  items INTEGER NOT NULL DEFAULT 0,
  publication INTEGER UNIQUE,
  published_at INTEGER,
  receipt TEXT
);

CREATE TABLE import_items (
  import INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  row INTEGER,
  PRIMARY KEY (import, seq)
) WITHOUT ROWID;

CREATE TABLE message_rows (${version},
  guid TEXT NOT NULL,
  chat_guid TEXT,
  sender TEXT,
  is_from_me INTEGER NOT NULL,
  sent_at INTEGER,
  kind TEXT NOT NULL,
  service TEXT,
  text TEXT,
  text_state TEXT NOT NULL,
  subject TEXT,
  reply_to_guid TEXT,
  read_at INTEGER,
  delivered_at INTEGER,
  edited_at INTEGER,
  is_deleted INTEGER NOT NULL,
  effect TEXT,
  balloon TEXT,
  group_title TEXT,
  other_chat_guids TEXT,
  edits TEXT,
  reaction_target TEXT,
  reaction_part INTEGER,
  reaction_kind TEXT,
  reaction_emoji TEXT,
  reaction_removed INTEGER
);
CREATE INDEX message_rows_guid ON message_rows (guid);
CREATE INDEX message_rows_sent ON message_rows (sent_at);
CREATE INDEX message_rows_chat ON message_rows (chat_guid, sent_at);
CREATE INDEX message_rows_edits ON message_rows (row) WHERE edits IS NOT NULL;
CREATE INDEX message_rows_reaction ON message_rows (reaction_target) WHERE reaction_target IS NOT NULL;
CREATE INDEX message_rows_supersedes ON message_rows (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE chat_rows (${version},
  guid TEXT NOT NULL,
  identifier TEXT,
  display_name TEXT,
  is_group INTEGER NOT NULL,
  service TEXT
);
CREATE INDEX chat_rows_guid ON chat_rows (guid);
CREATE INDEX chat_rows_supersedes ON chat_rows (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE chat_member_rows (
  chat INTEGER NOT NULL,
  position INTEGER NOT NULL,
  handle TEXT NOT NULL,
  PRIMARY KEY (chat, position)
) WITHOUT ROWID;
CREATE INDEX chat_member_rows_handle ON chat_member_rows (handle);

CREATE TABLE attachment_rows (${version},
  guid TEXT NOT NULL,
  message_guid TEXT,
  name TEXT,
  mime_type TEXT,
  uti TEXT,
  is_sticker INTEGER NOT NULL,
  created_at INTEGER,
  claimed_bytes INTEGER,
  unavailable TEXT,
  sha256 TEXT,
  bytes INTEGER
);
CREATE INDEX attachment_rows_guid ON attachment_rows (guid);
CREATE INDEX attachment_rows_message ON attachment_rows (message_guid);
CREATE INDEX attachment_rows_sha256 ON attachment_rows (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX attachment_rows_supersedes ON attachment_rows (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE contact_rows (${version},
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  display_name TEXT NOT NULL,
  first_name TEXT,
  middle_name TEXT,
  last_name TEXT,
  organization TEXT,
  note TEXT,
  birthday TEXT,
  created_at INTEGER,
  modified_at INTEGER
);
CREATE INDEX contact_rows_id ON contact_rows (id);
CREATE INDEX contact_rows_supersedes ON contact_rows (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE contact_point_rows (
  contact INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  label TEXT,
  PRIMARY KEY (contact, position)
) WITHOUT ROWID;
CREATE INDEX contact_point_rows_value ON contact_point_rows (value);

CREATE TABLE unreadable_rows (${version},
  kind TEXT NOT NULL,
  source_table TEXT NOT NULL,
  source_row TEXT NOT NULL,
  problem TEXT NOT NULL
);

CREATE TABLE file_rows (
  sha256 TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  name TEXT NOT NULL,
  suspect INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE file_intents (import INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (import, sha256)) WITHOUT ROWID;
CREATE TABLE file_removals (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
`

/**
 * A tapback counts until its sender takes it back. The phone keeps only the last one of a person to a part of a message, so one
 * that a later import brings replaces those of earlier imports, which have left the phone since; stickers stand beside each other.
 */
const notReplaced = `NOT EXISTS (
    SELECT 1 FROM message_rows AS later
    WHERE later.reaction_target = r.reaction_target AND later.owner = r.owner
      AND later.reaction_part IS r.reaction_part AND later.is_from_me = r.is_from_me AND later.sender IS r.sender
      AND (later.sent_at, later.row) > (r.sent_at, r.row)
      AND (
        (later.reaction_removed = 1 AND later.reaction_kind = r.reaction_kind AND later.reaction_emoji IS r.reaction_emoji)
        OR (r.reaction_kind <> 'sticker' AND later.reaction_kind <> 'sticker'
          AND ${publication('later')} > ${publication('r')})
      )
      AND ${visible('later', 'message_rows')})`

const views = `
CREATE VIEW imports AS
SELECT id, (SELECT o.owner FROM owner_rows AS o WHERE o.n = i.owner) AS owner, udid, fingerprint, items, published_at, receipt
FROM import_rows AS i WHERE publication IS NOT NULL;

CREATE VIEW messages AS
SELECT guid, chat_guid, sender, is_from_me, sent_at, text, kind, service, reply_to_guid, text_state, subject, read_at,
  delivered_at, edited_at, is_deleted, effect, balloon, group_title, other_chat_guids, ${owner('m')}
FROM message_rows AS m WHERE ${visible('m', 'message_rows')};

CREATE VIEW message_edits AS
SELECT m.guid AS message_guid, e.value ->> 'part' AS part, e.value ->> 'version' AS version,
  e.value ->> 'editedAt' AS edited_at, e.value ->> 'text' AS text, ${owner('m')}
FROM message_rows AS m, json_each(m.edits) AS e
WHERE m.edits IS NOT NULL AND ${visible('m', 'message_rows')};

CREATE VIEW reactions AS
SELECT r.reaction_target AS message_guid, r.reaction_part AS part, r.reaction_kind AS kind, r.reaction_emoji AS emoji,
  r.sender, r.is_from_me, r.sent_at, r.guid, r.chat_guid, ${owner('r')}
FROM message_rows AS r
WHERE r.reaction_target IS NOT NULL AND r.reaction_removed = 0 AND ${visible('r', 'message_rows')} AND ${notReplaced};

CREATE VIEW chats AS
SELECT guid, display_name, is_group, identifier, service, ${owner('c')}
FROM chat_rows AS c WHERE ${visible('c', 'chat_rows')};

CREATE VIEW chat_members AS
SELECT c.guid AS chat_guid, m.handle, ${owner('c')}
FROM chat_rows AS c JOIN chat_member_rows AS m ON m.chat = c.row WHERE ${visible('c', 'chat_rows')};

CREATE VIEW attachments AS
SELECT guid, message_guid, sha256, bytes, mime_type, name,
  CASE WHEN sha256 IS NULL THEN 'skipped' ELSE 'stored' END AS status,
  CASE WHEN sha256 IS NULL THEN unavailable END AS reason,
  (SELECT f.name FROM file_rows AS f WHERE f.sha256 = a.sha256) AS path,
  uti, is_sticker, created_at, claimed_bytes, ${owner('a')}
FROM attachment_rows AS a WHERE ${visible('a', 'attachment_rows')};

CREATE VIEW contacts AS
SELECT id, display_name, first_name, middle_name, last_name, organization, note, birthday, created_at, modified_at,
  nullif(device, '') AS device, ${owner('c')}
FROM contact_rows AS c WHERE ${visible('c', 'contact_rows')};

CREATE VIEW contact_points AS
SELECT c.id AS contact_id, p.kind, p.value, p.label, nullif(c.device, '') AS device, ${owner('c')}
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row WHERE ${visible('c', 'contact_rows')};

CREATE VIEW unreadable AS
SELECT u.kind, u.source_table, u.source_row, u.problem, i.id AS import
FROM unreadable_rows AS u JOIN import_rows AS i ON i.n = u.import WHERE i.publication IS NOT NULL;
`

/** Version 1 of the library's tables and views. Never edited: a later version is a file of its own. */
export const v1 = tables + views
