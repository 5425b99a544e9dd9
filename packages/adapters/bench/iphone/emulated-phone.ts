/**
 * A process that is nothing but an emulated phone, so that the memory and the processor of those who ask it are their own:
 *   node … emulated-phone.ts large|small
 *
 * Prints where its mux listens, and ends when its standard input does.
 */
import { EmulatedIphone, generatedContent, PhoneTree } from '@holdfast/adapters/testing'
import { print } from '../engine/table.js'

/** Files by kind: films, and what apps keep by the thousand. */
const kinds = {
  large: { count: 20, bytes: 40_000_000, path: (index: number) => `Media/DCIM/100APPLE/IMG_${index}.MOV` },
  small: { count: 20_000, bytes: 4_000, path: (index: number) => `Library/Things/${index % 100}/${index}` },
} as const

const [kind = ''] = process.argv.slice(2)
if (kind !== 'large' && kind !== 'small') throw new Error(`There is no phone '${kind}'`)
const { count, bytes, path } = kinds[kind]
const tree = new PhoneTree()
for (let index = 0; index < count; index++) {
  tree.put(kind === 'large' ? 'CameraRollDomain' : 'HomeDomain', path(index), generatedContent(bytes, index))
}
const phone = await EmulatedIphone.start({ tree })
print(phone.address)
process.stdin.resume().once('end', () => void phone.stop())
