/**
 * Tables of an app as they are found in the field: everything belongs to a user, rows refer to each other by foreign keys, guids are
 * unique for a user, and users have rows and columns of their own in all of them. Nothing in them knows of imports.
 */
export const appTables = `
CREATE TABLE users_local (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE chats (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users_local (id) ON DELETE CASCADE,
  guid TEXT,
  title TEXT,
  is_group INTEGER NOT NULL DEFAULT 0,
  UNIQUE (user_id, guid)
);
CREATE TABLE messages (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users_local (id) ON DELETE CASCADE,
  external_message_id TEXT,
  chat_id TEXT REFERENCES chats (id) ON DELETE SET NULL,
  external_chat_id TEXT,
  sender TEXT,
  is_from_me INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  body TEXT,
  is_flagged INTEGER NOT NULL DEFAULT 0,
  UNIQUE (user_id, external_message_id)
);
CREATE INDEX messages_by_chat ON messages (user_id, external_chat_id);
CREATE TABLE contacts (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users_local (id) ON DELETE CASCADE,
  external_contact_id TEXT,
  display_name TEXT NOT NULL,
  company TEXT,
  points TEXT NOT NULL DEFAULT '[]',
  own_note TEXT,
  is_favourite INTEGER NOT NULL DEFAULT 0,
  UNIQUE (user_id, external_contact_id)
);
CREATE TABLE attachments (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users_local (id) ON DELETE CASCADE,
  external_attachment_id TEXT,
  message_id TEXT REFERENCES messages (id) ON DELETE CASCADE,
  external_message_id TEXT,
  name TEXT,
  mime_type TEXT,
  sha256 TEXT,
  missing_because TEXT,
  UNIQUE (user_id, external_attachment_id)
);
CREATE INDEX attachments_by_message ON attachments (user_id, external_message_id);
CREATE INDEX attachments_of_message ON attachments (message_id);
-- What a user marked in a message. It keeps the message from being deleted.
CREATE TABLE bookmarks (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users_local (id) ON DELETE CASCADE,
  message_id TEXT NOT NULL REFERENCES messages (id),
  remark TEXT NOT NULL
);
CREATE INDEX bookmarks_of_message ON bookmarks (message_id);
`

/** The tables of the app that readers see, in the order in which rows refer to each other. */
export const appTableNames = ['users_local', 'chats', 'messages', 'contacts', 'attachments', 'bookmarks']
