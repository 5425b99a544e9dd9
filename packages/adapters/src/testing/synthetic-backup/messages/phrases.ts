import type { Random } from '../random.js'

const sentences = [
  'On my way, see you in ten.',
  'Did you lock the door?',
  'Can you send me the address again?',
  'That was the best soup I have had in years.',
  'Running late, start without me!',
  'ok',
  'Yes',
  'lol',
  'Happy birthday!!',
  'The train is stuck outside the station again, no idea for how long.',
  'Do we still need milk, bread and the small batteries?',
  'I left the keys under the third flower pot.',
  'Call me when you are up.',
  'Flight lands 18:40, terminal 2, I only have hand luggage.',
  'We should go back there in autumn when it is quiet.',
  'Thanks!',
  'Your verification code is 482913. Do not share it with anyone.',
  'Reminder: your appointment is on Tuesday at 09:15. Reply C to confirm.',
  'Grüße aus Köln, das Wetter ist schöner als gedacht.',
  'Kannst du mir bitte die Fotos vom Samstag schicken?',
  'Ça marche, à demain matin devant le café.',
  '¿Nos vemos mañana a las ocho en la plaza?',
  'Dziękuję, już wysłałem zdjęcia.',
  'Увидимся завтра у входа в парк.',
  'お疲れさまです。駅に着いたら連絡しますね。',
  '明天下午三点在老地方见面吧',
  'מתי אתה מגיע הביתה?',
  'أنا في الطريق إليك الآن',
  'कल सुबह मिलते हैं, ठीक है?',
  'Naïve café façade — “quoted” and ‘nested’ … done.',
  'Tab\there, and a second line:\nthere it is.',
  '<b>not html</b> & "quotes" \\ back\\slash',
  "Robert'); DROP TABLE message;--",
  '2 + 2 = 4 ≠ 5, 20 °C ≈ 68 °F',
] as const

const emoji = ['😀', '❤️', '👍🏽', '🎉', '👨‍👩‍👧‍👦', '🇯🇵', '🤷🏼‍♀️', '🌊', '🐙', '🥐', '🏳️‍🌈', '𝒽'] as const

/** A message as people write it, in one of several scripts, now and then with emoji; about 50 bytes. */
export function phrase(random: Random): string {
  let text = random.pick(sentences)
  while (random.chance(0.25)) text += ` ${random.pick(sentences)}`
  if (random.chance(0.15)) text += ` ${random.integer(1, 9999)}`
  if (random.chance(0.2)) text += ` ${random.pick(emoji)}`
  return text
}

/** Text of exactly this many UTF-8 bytes, all of them ASCII. */
export function asciiText(random: Random, bytes: number): string {
  let text = ''
  while (text.length < bytes) text += `${random.pick(sentences.slice(0, 18))} `
  return `${text.slice(0, bytes - 1)}.`
}

/** Text of at least this many UTF-8 bytes, with characters of one to four bytes. */
export function longText(random: Random, bytes: number): string {
  let text = ''
  while (Buffer.byteLength(text) < bytes) text += `${phrase(random)} ${random.pick(emoji)} `
  return text.trimEnd()
}

/** Emoji only: characters outside the BMP, joined and modified ones. */
export function emojiText(random: Random): string {
  return Array.from({ length: random.integer(1, 6) }, () => random.pick(emoji)).join('')
}

/** One emoji, as a tapback carries it. */
export function singleEmoji(random: Random): string {
  return random.pick(emoji.slice(0, 11))
}

/** The address of a web page that a link preview shows. */
export function webAddress(random: Random): string {
  return `https://www.example.com/${random.pick(['news', 'maps', 'recipes', 'tides'])}/${random.integer(1, 40)}`
}
