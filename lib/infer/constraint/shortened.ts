// What a client sent, short enough for a message.

/** The longest that is quoted. */
const LONGEST = 60;

/** The text, cut where it is long; never within a character. */
export function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  const cut = text.slice(0, LONGEST - 3);
  return `${cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
