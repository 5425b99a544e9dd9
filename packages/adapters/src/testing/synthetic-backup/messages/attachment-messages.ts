import type { AttachmentGroup } from './attachment-plan.js'
import { archivedBody, attachmentMark, attachmentRuns, plainBody } from './message-body.js'
import type { MessageComposer } from './message-composer.js'
import type { MessageDraft } from './message-draft.js'
import { phrase } from './phrases.js'
import { linkMessage, tapback } from './special-messages.js'

/** Drafts the message that attachments come with. */
export function composeWithAttachments(
  composer: MessageComposer,
  purpose: AttachmentGroup['purpose'],
  attachmentGuids: readonly string[],
  isFromMe: boolean,
): MessageDraft {
  const { random } = composer
  const attachments = attachmentGuids.length
  const marks = archivedBody(attachmentRuns(attachmentGuids, ''), random.chance(0.5) ? attachmentMark : null)
  switch (purpose) {
    case 'link-preview':
      return linkMessage(composer, { isFromMe, attachments })
    case 'sticker-tapback':
      return tapback(composer, 7, false, 0, { isFromMe, attachments })
    case 'sticker': {
      const { chat, target } = composer.target()
      return composer.draft(
        {
          isFromMe,
          attachments,
          associatedType: 1000,
          associatedGuid: `p:0/${target.guid}`,
          target: { guid: target.guid, part: 0 },
          body: marks,
        },
        chat,
      )
    }
    case 'audio':
      return composer.draft({
        isFromMe,
        attachments,
        audio: composer.random.pick(['temporary', 'kept', 'expired']),
        body: marks,
      })
    default: {
      const caption = random.chance(0.3) ? phrase(random) : ''
      const body = random.chance(0.2)
        ? plainBody(attachmentMark.repeat(attachments) + caption)
        : archivedBody(attachmentRuns(attachmentGuids, caption), null, { mutable: isFromMe })
      return composer.draft({ isFromMe, attachments, body })
    }
  }
}
