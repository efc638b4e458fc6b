/** A letter without its accents; itself where it has none. */
export function plainLetter(letter: string): string {
  return letter.normalize('NFKD').replace(/\p{M}/gu, '') || letter;
}
