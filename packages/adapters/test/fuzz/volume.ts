/**
 * How many values something holds. One that is named in several places counts once, as it is in memory once: so no claim of an input
 * may make this number larger than the input by more than a factor.
 */
export function volumeOf(value: unknown): number {
  const seen = new Set<object>()
  const open: unknown[] = [value]
  let volume = 0
  while (open.length > 0) {
    const each = open.pop()
    volume += 1
    if (typeof each !== 'object' || each === null || seen.has(each)) continue
    seen.add(each)
    if (each instanceof Uint8Array) continue
    const inside = each instanceof Map ? [...each.keys(), ...each.values()] : Object.values(each)
    for (const item of inside) open.push(item)
  }
  return volume
}
