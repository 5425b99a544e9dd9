CREATE TABLE library_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
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
CREATE TABLE message_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
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
CREATE TABLE chat_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
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
CREATE TABLE attachment_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
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
CREATE TABLE contact_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
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
CREATE TABLE unreadable_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
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
CREATE VIEW imports AS
SELECT id, (SELECT o.owner FROM owner_rows AS o WHERE o.n = i.owner) AS owner, udid, fingerprint, items, published_at, receipt
FROM import_rows AS i WHERE publication IS NOT NULL;
CREATE VIEW messages AS
SELECT guid, chat_guid, sender, is_from_me, sent_at, text, kind, service, reply_to_guid, text_state, subject, read_at,
  delivered_at, edited_at, is_deleted, effect, balloon, group_title, other_chat_guids, (SELECT o.owner FROM owner_rows AS o WHERE o.n = m.owner) AS owner
FROM message_rows AS m WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = m.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = m.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW message_edits AS
SELECT m.guid AS message_guid, e.value ->> 'part' AS part, e.value ->> 'version' AS version,
  e.value ->> 'editedAt' AS edited_at, e.value ->> 'text' AS text, (SELECT o.owner FROM owner_rows AS o WHERE o.n = m.owner) AS owner
FROM message_rows AS m, json_each(m.edits) AS e
WHERE m.edits IS NOT NULL AND (SELECT i.publication FROM import_rows AS i WHERE i.n = m.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = m.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW reactions AS
SELECT r.reaction_target AS message_guid, r.reaction_part AS part, r.reaction_kind AS kind, r.reaction_emoji AS emoji,
  r.sender, r.is_from_me, r.sent_at, r.guid, r.chat_guid, (SELECT o.owner FROM owner_rows AS o WHERE o.n = r.owner) AS owner
FROM message_rows AS r
WHERE r.reaction_target IS NOT NULL AND r.reaction_removed = 0 AND (SELECT i.publication FROM import_rows AS i WHERE i.n = r.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = r.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL) AND NOT EXISTS (
    SELECT 1 FROM message_rows AS later
    WHERE later.reaction_target = r.reaction_target AND later.owner = r.owner
      AND later.reaction_part IS r.reaction_part AND later.is_from_me = r.is_from_me AND later.sender IS r.sender
      AND (later.sent_at, later.row) > (r.sent_at, r.row)
      AND (
        (later.reaction_removed = 1 AND later.reaction_kind = r.reaction_kind AND later.reaction_emoji IS r.reaction_emoji)
        OR (r.reaction_kind <> 'sticker' AND later.reaction_kind <> 'sticker'
          AND (SELECT i.publication FROM import_rows AS i WHERE i.n = later.import) > (SELECT i.publication FROM import_rows AS i WHERE i.n = r.import))
      )
      AND (SELECT i.publication FROM import_rows AS i WHERE i.n = later.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = later.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL));
CREATE VIEW chats AS
SELECT guid, display_name, is_group, identifier, service, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM chat_rows AS c WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM chat_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW chat_members AS
SELECT c.guid AS chat_guid, m.handle, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM chat_rows AS c JOIN chat_member_rows AS m ON m.chat = c.row WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM chat_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW attachments AS
SELECT guid, message_guid, sha256, bytes, mime_type, name,
  CASE WHEN sha256 IS NULL THEN 'skipped' ELSE 'stored' END AS status,
  CASE WHEN sha256 IS NULL THEN unavailable END AS reason,
  (SELECT f.name FROM file_rows AS f WHERE f.sha256 = a.sha256) AS path,
  uti, is_sticker, created_at, claimed_bytes, (SELECT o.owner FROM owner_rows AS o WHERE o.n = a.owner) AS owner
FROM attachment_rows AS a WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = a.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM attachment_rows AS newer WHERE newer.supersedes = a.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW contacts AS
SELECT id, display_name, first_name, middle_name, last_name, organization, note, birthday, created_at, modified_at,
  nullif(device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM contact_rows AS c WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM contact_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW contact_points AS
SELECT c.id AS contact_id, p.kind, p.value, p.label, nullif(c.device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM contact_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW unreadable AS
SELECT u.kind, u.source_table, u.source_row, u.problem, i.id AS import
FROM unreadable_rows AS u JOIN import_rows AS i ON i.n = u.import WHERE i.publication IS NOT NULL;
INSERT INTO library_meta VALUES ('publications', 2);
INSERT INTO library_meta VALUES ('version', 1);
INSERT INTO owner_rows VALUES (1, 'ann');
INSERT INTO import_rows VALUES (1, 'import-0', 1, 'f0', 'scripted', 'published', 0, '9', 'V4tUOdfAjLYgS8STr_TpiUbuRu1z0UOHnam3z0JiDl0', 9, 1, 1795523286295, '{"version":1,"import":"import-0","owner":"ann","source":{"fingerprint":"f0","udid":"scripted"},"counts":{"chats":{"stored":1,"present":0,"skipped":0,"failed":0},"messages":{"stored":3,"present":0,"skipped":0,"failed":1},"contacts":{"stored":1,"present":0,"skipped":0,"failed":0},"attachments":{"stored":2,"present":0,"skipped":1,"failed":0,"bytes":32,"reasons":{"offloaded":1}}},"digest":"5937b13659e4cfdf03a4fbff97575fae51feb197b3dc000d78a1d59ed194c576","verifiedAt":1795523286295,"seal":"5c80fa263f829644e0faa38d4990c1633512f6a41bee037ac86663113457e5e0"}');
INSERT INTO import_rows VALUES (2, 'import-1', 1, 'f1', 'scripted', 'published', 1, '7', 'wR1n8KxJu6IXYswv7qTpLGoNBrJh0cXZKtQmrqhYaKY', 7, 2, 1795523286360, '{"version":1,"import":"import-1","owner":"ann","source":{"fingerprint":"f1","udid":"scripted"},"counts":{"chats":{"stored":1,"present":0,"skipped":0,"failed":0},"messages":{"stored":2,"present":0,"skipped":0,"failed":1},"contacts":{"stored":2,"present":0,"skipped":0,"failed":0},"attachments":{"stored":1,"present":0,"skipped":0,"failed":0,"bytes":16,"reasons":{}}},"digest":"cd8c87b573833c84ba6bc274e7e8b3706587c4e37b09eb6a1d2a78dc59471f9b","verifiedAt":1795523286360,"seal":"0b9dba777146a9756f0d21771b8865bcd368b1fb0895ee101373efc9f1f69be9"}');
INSERT INTO import_items VALUES (1, 0, 'contact', 'c1', 'stored', NULL, 1);
INSERT INTO import_items VALUES (1, 1, 'chat', 'chat-a', 'stored', NULL, 1);
INSERT INTO import_items VALUES (1, 2, 'message', 'm0', 'stored', NULL, 1);
INSERT INTO import_items VALUES (1, 3, 'message', 'm1', 'stored', NULL, 2);
INSERT INTO import_items VALUES (1, 4, 'message', 'm2', 'stored', NULL, 3);
INSERT INTO import_items VALUES (1, 5, 'attachment', 'p1@m0', 'stored', NULL, 1);
INSERT INTO import_items VALUES (1, 6, 'attachment', 'p1@m1', 'stored', NULL, 2);
INSERT INTO import_items VALUES (1, 7, 'attachment', 'p2@', 'skipped', 'offloaded', 3);
INSERT INTO import_items VALUES (1, 8, 'unreadable', 'message:message:9', 'failed', NULL, 1);
INSERT INTO import_items VALUES (2, 0, 'contact', 'c1', 'stored', NULL, 2);
INSERT INTO import_items VALUES (2, 1, 'contact', 'c2', 'stored', NULL, 3);
INSERT INTO import_items VALUES (2, 2, 'chat', 'chat-a', 'stored', NULL, 2);
INSERT INTO import_items VALUES (2, 3, 'message', 'm0', 'stored', NULL, 4);
INSERT INTO import_items VALUES (2, 4, 'message', 'm3', 'stored', NULL, 5);
INSERT INTO import_items VALUES (2, 5, 'attachment', 'p1@m0', 'stored', NULL, 4);
INSERT INTO import_items VALUES (2, 6, 'unreadable', 'message:message:9', 'failed', NULL, 2);
INSERT INTO message_rows VALUES (1, 1, 1, NULL, 'DR69GhCsJlPuqhs1PRL5ZANai3ZM8X5mpUVuiVPsI7k', NULL, 'm0', 'chat-a', '+15550001', 0, 1600000000000, 'message', 'iMessage', 'This is m0', 'plain', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, '["chat-b"]', '[{"editedAt":1,"part":0,"text":"first","version":0},{"editedAt":2,"part":0,"text":null,"version":1}]', NULL, NULL, NULL, NULL, NULL);
INSERT INTO message_rows VALUES (2, 1, 1, NULL, '3lbMwPE9TTawjrz5nkrn07Pycs4fYcqjVk9JNtMKGg0', NULL, 'm1', 'chat-a', '+15550001', 0, 1600000000000, 'tapback', 'iMessage', 'This is m1', 'plain', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 'm0', 0, 'emoji', '🐳', 0);
INSERT INTO message_rows VALUES (3, 1, 1, NULL, '3iubesWrRZ3j8ocHWjtWt1G5qX4XXDwRcHnH6EvgfCg', '[["m2","chat-a",null,1,1600000000000,"message","iMessage","half \ud83d","plain",null,null,null,null,null,0],[]]', 'm2', 'chat-a', NULL, 1, 1600000000000, 'message', 'iMessage', 'half �', 'plain', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO message_rows VALUES (4, 2, 1, 1, 'nIDZsuqzBJWvrIupLeJqaL8JbOx5O2xRjXFMq8LdL3E', NULL, 'm0', 'chat-a', '+15550001', 0, 1600000000000, 'message', 'iMessage', 'This is m0', 'plain', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO message_rows VALUES (5, 2, 1, NULL, 'tDc4M_M1ZfPwPx0-HzxBgDX173E45NlSf9c0q4-YOwo', NULL, 'm3', 'chat-a', 'Ann@Example.org', 0, 1600000000000, 'message', 'iMessage', 'This is m3', 'plain', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO chat_rows VALUES (1, 1, 1, NULL, 'mky-jaYYWvNLRe2rWQW8Rv1oao_FV98aGjNXLqHFVAI', NULL, 'chat-a', 'chat-1', 'Crew', 1, 'iMessage');
INSERT INTO chat_rows VALUES (2, 2, 1, 1, 'B4ncnW6FvBPDho0OBzFhTSddS86khaZeQkfRN4bgCkE', NULL, 'chat-a', 'chat-1', 'Crew 2', 1, 'iMessage');
INSERT INTO chat_member_rows VALUES (1, 0, '+15550001');
INSERT INTO chat_member_rows VALUES (2, 0, '+15550001');
INSERT INTO chat_member_rows VALUES (1, 1, 'ann@example.org');
INSERT INTO chat_member_rows VALUES (2, 1, 'ann@example.org');
INSERT INTO attachment_rows VALUES (1, 1, 1, NULL, 'tuq_mtAR55wdeoN3w_6L_liQnD-9YguZvyEvyAHqyKg', NULL, 'p1', 'm0', 'IMG_0001.HEIC', 'image/heic', 'public.heic', 0, 1600000000500, 17, NULL, 'edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd', 16);
INSERT INTO attachment_rows VALUES (2, 1, 1, NULL, 'R-Rt7KYTLWZR4LKxK-VWWyRao4L7wAipAECFCvh7Ln0', NULL, 'p1', 'm1', 'IMG_0001.HEIC', 'image/heic', 'public.heic', 0, 1600000000500, 17, NULL, '15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad', 16);
INSERT INTO attachment_rows VALUES (3, 1, 1, NULL, 'uIhNxEyBZkMgzjQ4bqCaVHFWc2-zelJFbxKJO4Xe7pY', NULL, 'p2', NULL, 'IMG_0001.HEIC', 'image/heic', 'public.heic', 0, 1600000000500, 17, 'offloaded', NULL, NULL);
INSERT INTO attachment_rows VALUES (4, 2, 1, 1, 'sp8OTE4DIyAZmaKioSL_4lCZOsqlm-7wXycORoptmis', NULL, 'p1', 'm0', 'other.heic', 'image/heic', 'public.heic', 0, 1600000000500, 17, NULL, 'edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd', 16);
INSERT INTO contact_rows VALUES (1, 1, 1, NULL, 'Ba5WyzFCWdj9YVq-VLbIrsGtDlLXjqIpVlbN9_uQNnY', NULL, 'c1', 'scripted', 'Contact c1', 'Ann', NULL, 'Lee', NULL, NULL, '1990-02-28', 1500000000000, NULL);
INSERT INTO contact_rows VALUES (2, 2, 1, 1, 'MfDziFft4qh6Bnb20RLrVC4b-Gfl97G9l_dB1XsLAnc', NULL, 'c1', 'scripted', 'Contact c1', 'Ann', NULL, 'Lee', NULL, NULL, '1990-02-28', 1500000000000, NULL);
INSERT INTO contact_rows VALUES (3, 2, 1, NULL, 'x_G-KiTaklHnOq3zwmFL-cZDizmQsqXvnt11uKdp6qs', NULL, 'c2', 'scripted', 'Contact c2', 'Ann', NULL, 'Lee', NULL, 'new', '1990-02-28', 1500000000000, NULL);
INSERT INTO contact_point_rows VALUES (1, 0, 'phone', '+1 (555) 000-1', NULL);
INSERT INTO contact_point_rows VALUES (1, 1, 'email', 'Ann@Example.org', 'work');
INSERT INTO contact_point_rows VALUES (1, 2, 'address', '1 Main St, Cork', 'home');
INSERT INTO contact_point_rows VALUES (2, 0, 'phone', '+15550001', 'mobile');
INSERT INTO unreadable_rows VALUES (1, 1, 1, NULL, 'SAoWHu8TnacHsZ2voZDjnJ_n7yPN6pUT4MJBXBwtRoA', NULL, 'message', 'message', '9', 'The date is no number.');
INSERT INTO unreadable_rows VALUES (2, 2, 1, NULL, 'SAoWHu8TnacHsZ2voZDjnJ_n7yPN6pUT4MJBXBwtRoA', NULL, 'message', 'message', '9', 'The date is no number.');
INSERT INTO file_rows VALUES ('15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad', 16, '15/15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad.heic', 0);
INSERT INTO file_rows VALUES ('edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd', 16, 'ed/edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd.heic', 0);
