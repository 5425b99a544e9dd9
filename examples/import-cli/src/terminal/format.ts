const grouped = new Intl.NumberFormat('en-US')

/** `10,500`. */
export function count(value: number): string {
  return grouped.format(value)
}

/** `1 message`, `10,500 messages`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${value === 1 && noun.endsWith('s') ? noun.slice(0, -1) : noun}`
}

/** `412 bytes`, `12.4 MB`: decimal units, as file managers show them. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  let value = bytes
  for (const unit of ['kB', 'MB', 'GB']) {
    value /= 1000
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`
  }
  return `${(value / 1000).toFixed(1)} TB`
}

/** `0.3 s`, `12 s`, `2 min 05 s`, `1 h 03 min`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${twoDigits(whole % 60)} s`
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

/** `2026-10-02 14:05:09`, in local time. */
export function localTime(at: number): string {
  const date = new Date(at)
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
