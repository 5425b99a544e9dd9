import type {
  AttachmentRecord,
  CallRecord,
  ChatRecord,
  ContactPoint,
  ContactRecord,
  MessageRecord,
  UnreadableRecord,
  VoicemailRecord,
} from '../import/records.js'

/** A group chat with two members; `more` replaces any of its fields. */
export function sampleChat(guid: string, more: Partial<ChatRecord> = {}): ChatRecord {
  return {
    type: 'chat',
    key: guid,
    guid,
    identifier: 'chat-1',
    displayName: 'Crew',
    isGroup: true,
    service: 'iMessage',
    members: ['+15550001', 'ann@example.org'],
    ...more,
  }
}

/** A plain message from somebody else; `more` replaces any of its fields. */
export function sampleMessage(guid: string, more: Partial<MessageRecord> = {}): MessageRecord {
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid: 'chat-a',
    otherChatGuids: [],
    sender: '+15550001',
    isFromMe: false,
    sentAt: 1_600_000_000_000,
    readAt: null,
    deliveredAt: null,
    editedAt: null,
    kind: 'message',
    service: 'iMessage',
    subject: null,
    text: `This is ${guid}`,
    textState: 'plain',
    replyToGuid: null,
    effect: null,
    balloon: null,
    groupTitle: null,
    isDeleted: false,
    edits: [],
    reaction: null,
    replyToPart: null,
    target: null,
    unsentParts: [],
    deletedAt: null,
    deletedParts: [],
    event: null,
    linkPreview: null,
    app: null,
    audio: null,
    mentions: [],
    isScheduled: false,
    ...more,
  }
}

/** A picture on a message, with content; `more` replaces any of its fields but those that make its key. */
export function sampleAttachment(
  guid: string,
  messageGuid: string | null,
  more: Partial<AttachmentRecord> = {},
): AttachmentRecord {
  return {
    type: 'attachment',
    key: `${guid}@${messageGuid ?? ''}`,
    guid,
    parent: messageGuid === null ? null : { type: 'message', key: messageGuid },
    name: 'IMG_0001.HEIC',
    mimeType: 'image/heic',
    uti: 'public.heic',
    isSticker: false,
    createdAt: 1_600_000_000_500,
    claimedBytes: 17,
    unavailable: null,
    part: null,
    ...more,
  }
}

/** A contact with a phone number; `more` replaces any of its fields. */
export function sampleContact(id: string, more: Partial<ContactRecord> = {}): ContactRecord {
  return {
    type: 'contact',
    key: id,
    id,
    displayName: `Contact ${id}`,
    firstName: 'Ann',
    middleName: null,
    lastName: 'Lee',
    prefix: null,
    suffix: null,
    nickname: null,
    phoneticFirstName: null,
    phoneticMiddleName: null,
    phoneticLastName: null,
    organization: null,
    department: null,
    jobTitle: null,
    note: null,
    birthday: '1990-02-28',
    createdAt: 1_500_000_000_000,
    modifiedAt: null,
    points: [samplePoint('phone', '+15550001', { label: 'mobile', handle: '+15550001' })],
    ...more,
  }
}

/** A point of a contact; `more` replaces any of its fields. */
export function samplePoint(
  kind: ContactPoint['kind'],
  value: string,
  more: Partial<ContactPoint> = {},
): ContactPoint {
  return { kind, value, label: null, handle: null, service: null, address: null, ...more }
}

/** An answered call from somebody; `more` replaces any of its fields. */
export function sampleCall(id: string, more: Partial<CallRecord> = {}): CallRecord {
  return {
    type: 'call',
    key: id,
    id,
    startedAt: 1_600_000_000_000,
    durationMs: 61_500,
    direction: 'incoming',
    isAnswered: true,
    medium: 'phone',
    service: 'com.apple.Telephony',
    handles: ['+15550001'],
    ...more,
  }
}

/** A voicemail that nobody has heard yet; `more` replaces any of its fields. */
export function sampleVoicemail(id: string, more: Partial<VoicemailRecord> = {}): VoicemailRecord {
  return {
    type: 'voicemail',
    key: id,
    id,
    sender: '+15550001',
    callbackNumber: '+15550001',
    receivedAt: 1_600_000_000_000,
    durationMs: 14_000,
    trashedAt: null,
    isRead: false,
    ...more,
  }
}

/** A row of the message table that could not be decoded. */
export function sampleUnreadable(row: string): UnreadableRecord {
  return {
    type: 'unreadable',
    key: `message:message:${row}`,
    of: 'message',
    table: 'message',
    row,
    problem: 'The date is no number.',
  }
}
