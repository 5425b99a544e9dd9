import type { SystemEvent, SystemEventKind } from '@holdfast/core/import'

/** Kinds by `item_type`, and below it by `group_action_type`, or for locations by `share_status`. */
const kinds: Readonly<Record<number, readonly SystemEventKind[]>> = {
  1: ['participant-added', 'participant-removed'],
  2: ['group-renamed'],
  3: ['participant-left', 'photo-changed', 'photo-removed'],
  4: ['location-shared', 'location-stopped'],
  5: ['audio-kept'],
  6: ['shareplay'],
}

const rename = 2
const location = 4
const audio = 5
const shareplay = 6

/** Whether an `item_type` says that the row is an event, not a message; 0 is a message. */
export function isSystemItem(itemType: number | null): itemType is number {
  return itemType !== null && itemType !== 0
}

/** What a row with such an `item_type` tells. Whoever did it is the sender of the row; `handle` is whom it was done to. */
export function systemEventOf(
  itemType: number,
  action: number | null,
  shareStatus: number | null,
  handle: string | null,
): SystemEvent {
  const detail = itemType === location ? shareStatus : action
  const single = itemType === rename || itemType === audio || itemType === shareplay
  const kind = kinds[itemType]?.[single ? 0 : (detail ?? 0)] ?? 'other'
  return { kind, handle }
}
