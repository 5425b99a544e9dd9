/** What is kept of the words of a phone: they are shown, and journaled with the run. */
const longest = 1000

/** The words of a phone as an error tells them, verbatim but for what is too long. */
export function said(words: string): string {
  return words.slice(0, longest)
}
