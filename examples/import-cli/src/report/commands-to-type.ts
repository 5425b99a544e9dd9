const isWindows = process.platform === 'win32'

/** Words that no shell changes. A backslash is the separator of paths on Windows, and an escape elsewhere. */
const ordinary = isWindows ? /^[\w@%+=:,./\\-]+$/ : /^[\w@%+=:,./-]+$/

/** The words to type for a command of this program, quoted where a shell would change them. */
export function commandLine(...words: readonly string[]): string {
  return ['npm start --', ...words.map(quoted)].join(' ')
}

function quoted(word: string): string {
  if (ordinary.test(word)) return word
  // Nothing is special between single quotes but the quote itself; no path on Windows holds a double one.
  return isWindows ? `"${word}"` : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
