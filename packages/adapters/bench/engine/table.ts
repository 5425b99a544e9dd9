/** Prints a line. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Prints a table in Markdown, as it is pasted into docs/benchmarks.md. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  print()
  print(line(head))
  print(line(head.map(() => '---')))
  for (const row of rows) print(line(row))
  print()
}

/** A count or a rate for the reader: `5,120`, and below ten with what follows the point. */
export function figure(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
}

/** A ratio, with two digits behind the point. */
export function ratio(value: number): string {
  return value.toFixed(2)
}
