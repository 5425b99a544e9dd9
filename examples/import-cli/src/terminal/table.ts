/** A row of a table: a name at the left, values at the right. */
export type TableRow = readonly [name: string, ...values: string[]]

/**
 * Lines of a table whose columns are as wide as their widest cell. The first column is left-aligned; the others hold numbers, which
 * stand at the right, or words.
 */
export function table(rows: readonly TableRow[], values: 'numbers' | 'words' = 'numbers'): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 || values === 'words' ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Lines of names with what each is; the values stand under each other, also where one has several lines. */
export function fields(
  rows: readonly (readonly [name: string, value: string | readonly string[]])[],
): readonly string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.flatMap(([name, value]) => {
    const values = typeof value === 'string' ? [value] : value
    return values.map((line, index) => `${(index === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd())
  })
}
