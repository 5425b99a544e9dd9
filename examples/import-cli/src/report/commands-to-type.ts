/** The words to type for a command of this program, with what needs it in quotes. */
export function commandLine(...words: readonly string[]): string {
  return ['npm start --', ...words.map(quoted)].join(' ')
}

/** Quotes that POSIX shells, PowerShell and cmd take alike where a path is an ordinary one. */
function quoted(word: string): string {
  return /^[\w@%+=:,./\\~-]+$/.test(word)
    ? word
    : `"${word.replaceAll(/(["$`\\])/g, process.platform === 'win32' ? '$1' : '\\$1')}"`
}
