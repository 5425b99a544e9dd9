import type { Random } from '../../../src/testing/synthetic-backup/random.js'

const texts = [
  '',
  'Zoë 🏡',
  '&amp;',
  '&d;',
  '&#0;',
  '&#x10ffff;',
  ']]>',
  '<',
  'QUJD',
  '2024-02-29T12:34:56Z',
  '-1',
  'nope',
]
const odd = [
  'dict',
  'array',
  'plist',
  'x',
  '!--',
  '![CDATA[',
  '?xml',
  'a xmlns="u"',
  'a xmlns:b="u"',
  'b:a',
  '',
  ' ',
]

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n`
const laughing = `<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(50)}">
<!ENTITY c "${'&b;'.repeat(50)}"><!ENTITY d "${'&c;'.repeat(50)}"><!ENTITY e SYSTEM "file:///etc/passwd">]>\n`

/** An XML property list as pieces: tags and the texts between them. */
export function xmlDraft(random: Random): string[] {
  return [
    random.chance(0.8) ? head : laughing,
    '<plist version="1.0">',
    '<dict>',
    ...Array.from({ length: random.integer(0, 5) }, () => [
      '<key>',
      random.pick(['SnapshotState', 'Device Name', '', '__proto__', 'constructor']),
      '</key>',
      ...value(random, 3),
    ]).flat(),
    '</dict>',
    '</plist>',
  ]
}

function value(random: Random, depth: number): string[] {
  const element = random.pick(['string', 'integer', 'real', 'date', 'data', 'true', 'false', 'dict', 'array'])
  if (element === 'true' || element === 'false') return [`<${element}/>`]
  if (element === 'dict' || element === 'array') {
    const items = depth === 0 ? 0 : random.integer(0, 3)
    const inside = Array.from({ length: items }, () => [
      ...(element === 'dict' ? ['<key>', random.pick(texts), '</key>'] : []),
      ...value(random, depth - 1),
    ])
    return [`<${element}>`, ...inside.flat(), `</${element}>`]
  }
  const fitting = { string: 'text', integer: '42', real: '0.5', date: '2024-02-29T12:34:56Z', data: 'QUJD' }[
    element
  ]
  return [`<${element}>`, random.chance(0.7) ? (fitting ?? '') : random.pick(texts), `</${element}>`]
}

/** Damages pieces: tags that do not fit, entities, comments, sections and names of namespaces, nesting. */
export function damageXml(random: Random, pieces: string[]): void {
  for (let times = random.integer(1, 3); times > 0 && pieces.length > 0; times--) {
    const at = random.integer(0, pieces.length - 1)
    switch (random.integer(0, 3)) {
      case 0:
        pieces[at] = random.pick(texts)
        break
      case 1:
        pieces[at] = `<${random.pick(odd)}>`
        break
      case 2:
        pieces.splice(at, 0, `<${random.pick(odd)}>`)
        break
      case 3: {
        const element = random.pick(['array', 'dict', 'string'])
        const depth = random.integer(1, 400)
        pieces.splice(
          at,
          0,
          `<${element}>`.repeat(depth),
          `</${element}>`.repeat(random.chance(0.7) ? depth : 1),
        )
        break
      }
    }
  }
}
