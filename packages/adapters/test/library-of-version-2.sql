CREATE TABLE library_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO library_meta VALUES('publications',2);
INSERT INTO library_meta VALUES('version',2);
CREATE TABLE owner_rows (n INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE);
INSERT INTO owner_rows VALUES(1,'ann');
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
INSERT INTO import_rows VALUES(1,'01a20e41-6ac6-7d91-87f1-c306a269a3a8',1,'f1','scripted','published',0,'12','-zYStAirai4UAKNCUFveXHphRr52oC0sLPk13MkZCk8',12,1,1700000100000,'{"version":2,"import":"01a20e41-6ac6-7d91-87f1-c306a269a3a8","owner":"ann","source":{"fingerprint":"f1","udid":"scripted"},"counts":{"chats":{"stored":1,"present":0,"skipped":0,"failed":0},"messages":{"stored":4,"present":0,"skipped":0,"failed":1},"contacts":{"stored":1,"present":0,"skipped":0,"failed":0},"calls":{"stored":1,"present":0,"skipped":0,"failed":0},"voicemails":{"stored":1,"present":0,"skipped":0,"failed":0},"attachments":{"stored":2,"present":0,"skipped":1,"failed":0,"bytes":32,"reasons":{"not-in-backup":1}}},"digest":"352e810446d31ecfeb57b5df6a60043172f52813c5013fddcfa5fed486e29124","verifiedAt":1700000000000,"seal":"c1026d28f109d5a0c9703fb54e86aba9219549decfea70e616720d735841a5df"}');
INSERT INTO import_rows VALUES(2,'01a20e41-6de3-7243-96cf-92f25e17f2a4',1,'f2','scripted','published',1,'13','Wmz6eZrHjJIhAAiG9adOHBogRLw2DiReMcQWwTtCDNI',13,2,1700000100000,'{"version":2,"import":"01a20e41-6de3-7243-96cf-92f25e17f2a4","owner":"ann","source":{"fingerprint":"f2","udid":"scripted"},"counts":{"chats":{"stored":0,"present":1,"skipped":0,"failed":0},"messages":{"stored":2,"present":3,"skipped":0,"failed":1},"contacts":{"stored":0,"present":1,"skipped":0,"failed":0},"calls":{"stored":0,"present":1,"skipped":0,"failed":0},"voicemails":{"stored":0,"present":1,"skipped":0,"failed":0},"attachments":{"stored":0,"present":2,"skipped":1,"failed":0,"bytes":32,"reasons":{"not-in-backup":1}}},"digest":"7b22783f709247f02cc8f722d6b9a58fc7e7de159e3ab34854b4a10e828f3dc9","verifiedAt":1700000000000,"seal":"e6701af4e357a75767f5f0decb8a66e0241cc7d80b16608f67ae3b035149f7ef"}');
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
INSERT INTO import_items VALUES(1,0,'contact','c1','stored',NULL,1);
INSERT INTO import_items VALUES(1,1,'chat','chat-a','stored',NULL,1);
INSERT INTO import_items VALUES(1,2,'message','m0','stored',NULL,1);
INSERT INTO import_items VALUES(1,3,'message','m1','stored',NULL,2);
INSERT INTO import_items VALUES(1,4,'message','m2','stored',NULL,3);
INSERT INTO import_items VALUES(1,5,'message','m3','stored',NULL,4);
INSERT INTO import_items VALUES(1,6,'attachment','p1@m0','stored',NULL,1);
INSERT INTO import_items VALUES(1,7,'attachment','p1@m1','stored',NULL,2);
INSERT INTO import_items VALUES(1,8,'attachment','gone@m2','skipped','not-in-backup',3);
INSERT INTO import_items VALUES(1,9,'unreadable','message:message:9','failed',NULL,1);
INSERT INTO import_items VALUES(1,10,'call','call-1','stored',NULL,1);
INSERT INTO import_items VALUES(1,11,'voicemail','v1','stored',NULL,1);
INSERT INTO import_items VALUES(2,0,'contact','c1','present',NULL,1);
INSERT INTO import_items VALUES(2,1,'chat','chat-a','present',NULL,1);
INSERT INTO import_items VALUES(2,2,'message','m0','present',NULL,1);
INSERT INTO import_items VALUES(2,3,'message','m1','stored',NULL,5);
INSERT INTO import_items VALUES(2,4,'message','m2','present',NULL,3);
INSERT INTO import_items VALUES(2,5,'message','m3','present',NULL,4);
INSERT INTO import_items VALUES(2,6,'attachment','p1@m0','present',NULL,1);
INSERT INTO import_items VALUES(2,7,'attachment','p1@m1','present',NULL,2);
INSERT INTO import_items VALUES(2,8,'attachment','gone@m2','skipped','not-in-backup',3);
INSERT INTO import_items VALUES(2,9,'unreadable','message:message:9','failed',NULL,2);
INSERT INTO import_items VALUES(2,10,'call','call-1','present',NULL,1);
INSERT INTO import_items VALUES(2,11,'voicemail','v1','present',NULL,1);
INSERT INTO import_items VALUES(2,12,'message','m4','stored',NULL,6);
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
, reply_to_part INTEGER, target_guid TEXT, target_part INTEGER, unsent_parts TEXT, deleted_at INTEGER, deleted_parts TEXT, event TEXT, event_handle TEXT, link_preview TEXT, app TEXT, audio TEXT, mentions TEXT, is_scheduled INTEGER);
INSERT INTO message_rows VALUES(1,1,1,NULL,'nIDZsuqzBJWvrIupLeJqaL8JbOx5O2xRjXFMq8LdL3E',NULL,'m0','chat-a','+15550001',0,1600000000000,'message','iMessage','This is m0','plain',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message_rows VALUES(2,1,1,NULL,'fJ5p5xexAgM_hCy1IShQ97Y5A1gANZD-8onYlys5Ddw',NULL,'m1','chat-a','+15550001',0,1600000000000,'message','iMessage','This is m1','plain',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[{"handle":"+15550001","length":4,"start":0}]',NULL);
INSERT INTO message_rows VALUES(3,1,1,NULL,'bgI0L0xd8RGqj7nblITGRLIUGdYbGs-FPZf1axvzvJk','[["m2","chat-a","+15550001",0,1600000000000,"message","iMessage","half \ud83d","plain",null,null,null,null,null,0],[]]','m2','chat-a','+15550001',0,1600000000000,'message','iMessage','half �','plain',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message_rows VALUES(4,1,1,NULL,'BTx3pAlwXe0bbfDwJQrRzPw2ZNJlyADa-yeqKzJsE-A',NULL,'m3','chat-a','+15550001',0,1600000000000,'system','iMessage','This is m3','plain',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'participant-added','+15550002',NULL,NULL,NULL,NULL,NULL);
INSERT INTO message_rows VALUES(5,2,1,2,'WuKzmU8cX1a5mqWZEs5vXye-CtWRXduixofa77uLmeM',NULL,'m1','chat-a','+15550001',0,1600000000000,'message','iMessage','Edited','plain',NULL,NULL,NULL,NULL,1600000100000,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message_rows VALUES(6,2,1,NULL,'FXybRmkqtgCbMiIDBmV0kqliA6lHEeI4NtEMggOjHWM',NULL,'m4','chat-a','+15550001',0,1600000000000,'message','iMessage','This is m4','plain',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO chat_rows VALUES(1,1,1,NULL,'mky-jaYYWvNLRe2rWQW8Rv1oao_FV98aGjNXLqHFVAI',NULL,'chat-a','chat-1','Crew',1,'iMessage');
CREATE TABLE chat_member_rows (
  chat INTEGER NOT NULL,
  position INTEGER NOT NULL,
  handle TEXT NOT NULL,
  PRIMARY KEY (chat, position)
) WITHOUT ROWID;
INSERT INTO chat_member_rows VALUES(1,0,'+15550001');
INSERT INTO chat_member_rows VALUES(1,1,'ann@example.org');
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
, parent_type TEXT, parent_key TEXT, device TEXT, part INTEGER);
INSERT INTO attachment_rows VALUES(1,1,1,NULL,'tuq_mtAR55wdeoN3w_6L_liQnD-9YguZvyEvyAHqyKg',NULL,'p1','m0','IMG_0001.HEIC','image/heic','public.heic',0,1600000000500,17,NULL,'edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd',16,NULL,NULL,NULL,NULL);
INSERT INTO attachment_rows VALUES(2,1,1,NULL,'R-Rt7KYTLWZR4LKxK-VWWyRao4L7wAipAECFCvh7Ln0',NULL,'p1','m1','IMG_0001.HEIC','image/heic','public.heic',0,1600000000500,17,NULL,'15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad',16,NULL,NULL,NULL,NULL);
INSERT INTO attachment_rows VALUES(3,1,1,NULL,'KdSUp7NrsplktL6BLxRgqTE_bs8EzryEJm18RP4heYw',NULL,'gone','m2','IMG_0001.HEIC','image/heic','public.heic',0,1600000000500,17,'not-in-backup',NULL,NULL,NULL,NULL,NULL,NULL);
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
, prefix TEXT, suffix TEXT, nickname TEXT, phonetic_first_name TEXT, phonetic_middle_name TEXT, phonetic_last_name TEXT, department TEXT, job_title TEXT);
INSERT INTO contact_rows VALUES(1,1,1,NULL,'Mrwonj9jh9jd_nuUTbpX3zm_V7vrRTcG2JpfzTBACPY',NULL,'c1','scripted','Contact c1','Ann',NULL,'Lee',NULL,NULL,'1990-02-28',1500000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE contact_point_rows (
  contact INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  label TEXT, handle TEXT, service TEXT, street TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT, country_code TEXT,
  PRIMARY KEY (contact, position)
) WITHOUT ROWID;
INSERT INTO contact_point_rows VALUES(1,0,'phone','+15550001','mobile','+15550001',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO unreadable_rows VALUES(1,1,1,NULL,'SAoWHu8TnacHsZ2voZDjnJ_n7yPN6pUT4MJBXBwtRoA',NULL,'message','message','9','The date is no number.');
INSERT INTO unreadable_rows VALUES(2,2,1,NULL,'SAoWHu8TnacHsZ2voZDjnJ_n7yPN6pUT4MJBXBwtRoA',NULL,'message','message','9','The date is no number.');
CREATE TABLE file_rows (
  sha256 TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  name TEXT NOT NULL,
  suspect INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO file_rows VALUES('15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad',16,'15/15b75ad13c007dfd57dfd7d51a3893ebac27ddb140b57566faa0e3716b0758ad.heic',0);
INSERT INTO file_rows VALUES('edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd',16,'ed/edb324e051d46dd4696e340a2cf8e192c56b2210dcaa4a4f1d515a6fe5c0d5dd.heic',0);
CREATE TABLE file_intents (import INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (import, sha256)) WITHOUT ROWID;
CREATE TABLE file_removals (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE call_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  started_at INTEGER,
  duration_ms INTEGER,
  direction TEXT NOT NULL,
  is_answered INTEGER NOT NULL,
  medium TEXT NOT NULL,
  service TEXT
);
INSERT INTO call_rows VALUES(1,1,1,NULL,'-6Ka_ScgDX0EuqJSXAi_Z1SZvBfX3SjYEAoKJWNjGnE',NULL,'call-1','scripted',1600000000000,61500,'incoming',1,'phone','com.apple.Telephony');
CREATE TABLE call_handle_rows (
  call INTEGER NOT NULL,
  position INTEGER NOT NULL,
  handle TEXT NOT NULL,
  PRIMARY KEY (call, position)
) WITHOUT ROWID;
INSERT INTO call_handle_rows VALUES(1,0,'+15550001');
CREATE TABLE voicemail_rows (
  row INTEGER PRIMARY KEY,
  import INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  supersedes INTEGER,
  hash TEXT NOT NULL,
  exact TEXT,
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  sender TEXT,
  callback_number TEXT,
  received_at INTEGER,
  duration_ms INTEGER,
  trashed_at INTEGER,
  is_read INTEGER
);
INSERT INTO voicemail_rows VALUES(1,1,1,NULL,'EgmDD1Hwy6bF-zHFJs1oa-s710SquaQ2zNuUev5NPBA',NULL,'v1','scripted','+15550001','+15550001',1600000000000,14000,NULL,0);
CREATE TABLE handle_rows (
  import INTEGER NOT NULL,
  handle TEXT NOT NULL,
  canonical TEXT NOT NULL,
  PRIMARY KEY (import, handle)
) WITHOUT ROWID;
INSERT INTO handle_rows VALUES(1,'+15550001','+15550001');
INSERT INTO handle_rows VALUES(2,'+15550001','+15550001');
INSERT INTO handle_rows VALUES(1,'ann@example.org','ann@example.org');
INSERT INTO handle_rows VALUES(2,'ann@example.org','ann@example.org');
CREATE INDEX message_rows_guid ON message_rows (guid);
CREATE INDEX message_rows_sent ON message_rows (sent_at);
CREATE INDEX message_rows_chat ON message_rows (chat_guid, sent_at);
CREATE INDEX message_rows_edits ON message_rows (row) WHERE edits IS NOT NULL;
CREATE INDEX message_rows_reaction ON message_rows (reaction_target) WHERE reaction_target IS NOT NULL;
CREATE INDEX message_rows_supersedes ON message_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX chat_rows_guid ON chat_rows (guid);
CREATE INDEX chat_rows_supersedes ON chat_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX chat_member_rows_handle ON chat_member_rows (handle);
CREATE INDEX attachment_rows_guid ON attachment_rows (guid);
CREATE INDEX attachment_rows_message ON attachment_rows (message_guid);
CREATE INDEX attachment_rows_sha256 ON attachment_rows (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX attachment_rows_supersedes ON attachment_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX contact_rows_id ON contact_rows (id);
CREATE INDEX contact_rows_supersedes ON contact_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX contact_point_rows_value ON contact_point_rows (value);
CREATE VIEW imports AS
SELECT id, (SELECT o.owner FROM owner_rows AS o WHERE o.n = i.owner) AS owner, udid, fingerprint, items, published_at, receipt
FROM import_rows AS i WHERE publication IS NOT NULL;
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
CREATE VIEW unreadable AS
SELECT u.kind, u.source_table, u.source_row, u.problem, i.id AS import
FROM unreadable_rows AS u JOIN import_rows AS i ON i.n = u.import WHERE i.publication IS NOT NULL;
CREATE INDEX call_rows_id ON call_rows (id);
CREATE INDEX call_rows_started ON call_rows (started_at);
CREATE INDEX call_rows_supersedes ON call_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX call_handle_rows_handle ON call_handle_rows (handle);
CREATE INDEX voicemail_rows_id ON voicemail_rows (id);
CREATE INDEX voicemail_rows_supersedes ON voicemail_rows (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX attachment_rows_parent ON attachment_rows (parent_key) WHERE parent_key IS NOT NULL;
CREATE INDEX message_rows_deleted_parts ON message_rows (row) WHERE deleted_parts IS NOT NULL;
CREATE INDEX message_rows_mentions ON message_rows (row) WHERE mentions IS NOT NULL;
CREATE INDEX handle_rows_handle ON handle_rows (handle);
CREATE INDEX handle_rows_canonical ON handle_rows (canonical);
CREATE INDEX contact_point_rows_handle ON contact_point_rows (coalesce(handle, value)) WHERE kind IN ('phone', 'email');
CREATE VIEW calls AS
SELECT id, started_at, duration_ms, direction, is_answered, medium, service,
  (SELECT h.handle FROM call_handle_rows AS h WHERE h.call = c.row ORDER BY h.position LIMIT 1) AS handle,
  nullif(device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM call_rows AS c WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM call_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW call_handles AS
SELECT c.id AS call_id, h.handle, nullif(c.device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM call_rows AS c JOIN call_handle_rows AS h ON h.call = c.row WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM call_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW voicemails AS
SELECT id, sender, callback_number, received_at, duration_ms, trashed_at, is_read,
  nullif(device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = v.owner) AS owner
FROM voicemail_rows AS v WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = v.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM voicemail_rows AS newer WHERE newer.supersedes = v.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW messages AS
SELECT guid, chat_guid, sender, is_from_me, sent_at, text, kind, service, reply_to_guid, text_state, subject, read_at,
  delivered_at, edited_at, is_deleted, effect, balloon, group_title, other_chat_guids,
  reply_to_part, target_guid, target_part, unsent_parts, deleted_at, event, event_handle,
  link_preview ->> 'url' AS link_url, link_preview ->> 'title' AS link_title, link_preview ->> 'summary' AS link_summary,
  link_preview ->> 'siteName' AS link_site_name,
  app ->> 'name' AS app_name, app ->> 'text' AS app_text, app ->> 'caption' AS app_caption,
  app ->> 'subcaption' AS app_subcaption, app ->> 'url' AS app_url,
  audio, coalesce(is_scheduled, 0) AS is_scheduled, (SELECT o.owner FROM owner_rows AS o WHERE o.n = m.owner) AS owner
FROM message_rows AS m WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = m.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = m.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW message_mentions AS
SELECT m.guid AS message_guid, e.value ->> 'handle' AS handle, e.value ->> 'start' AS start, e.value ->> 'length' AS length,
  (SELECT o.owner FROM owner_rows AS o WHERE o.n = m.owner) AS owner
FROM message_rows AS m, json_each(m.mentions) AS e
WHERE m.mentions IS NOT NULL AND (SELECT i.publication FROM import_rows AS i WHERE i.n = m.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = m.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW message_deleted_parts AS
SELECT m.guid AS message_guid, e.value ->> 'part' AS part, e.value ->> 'deletedAt' AS deleted_at, e.value ->> 'text' AS text,
  (SELECT o.owner FROM owner_rows AS o WHERE o.n = m.owner) AS owner
FROM message_rows AS m, json_each(m.deleted_parts) AS e
WHERE m.deleted_parts IS NOT NULL AND (SELECT i.publication FROM import_rows AS i WHERE i.n = m.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM message_rows AS newer WHERE newer.supersedes = m.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW attachments AS
SELECT guid, message_guid, sha256, bytes, mime_type, name,
  CASE WHEN sha256 IS NULL THEN 'skipped' ELSE 'stored' END AS status,
  CASE WHEN sha256 IS NULL THEN unavailable END AS reason,
  (SELECT f.name FROM file_rows AS f WHERE f.sha256 = a.sha256) AS path,
  uti, is_sticker, created_at, claimed_bytes, part,
  CASE WHEN parent_type = 'voicemail' THEN parent_key END AS voicemail_id,
  CASE WHEN parent_type = 'contact' THEN parent_key END AS contact_id,
  nullif(device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = a.owner) AS owner
FROM attachment_rows AS a WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = a.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM attachment_rows AS newer WHERE newer.supersedes = a.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW contacts AS
SELECT id, display_name, first_name, middle_name, last_name, organization, note, birthday, created_at, modified_at,
  prefix, suffix, nickname, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title,
  nullif(device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM contact_rows AS c WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM contact_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW contact_points AS
SELECT c.id AS contact_id, p.kind, p.value, p.label, p.handle, p.service, p.street, p.city, p.state, p.postal_code, p.country,
  p.country_code, nullif(c.device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row WHERE (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM contact_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
CREATE VIEW contact_handles AS
SELECT DISTINCT c.id AS contact_id, h.handle, nullif(c.device, '') AS device, (SELECT o.owner FROM owner_rows AS o WHERE o.n = c.owner) AS owner
FROM contact_rows AS c JOIN contact_point_rows AS p ON p.contact = c.row
  JOIN handle_rows AS h ON h.canonical = coalesce(p.handle, p.value)
  JOIN import_rows AS i ON i.n = h.import AND i.publication IS NOT NULL AND i.owner = c.owner
WHERE p.kind IN ('phone', 'email') AND (SELECT i.publication FROM import_rows AS i WHERE i.n = c.import) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM contact_rows AS newer WHERE newer.supersedes = c.row AND (SELECT i.publication FROM import_rows AS i WHERE i.n = newer.import) IS NOT NULL);
