/** Letters beyond ASCII in letters of ASCII, for terminals whose locale has no others. */
const LETTERS: Readonly<Record<string, string>> = {
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '−': '-',
  '×': 'x',
  µ: 'u',
  μ: 'u',
  '…': '...',
  '≥': '>=',
  '≤': '<=',
  '±': '+-',
  '→': '->',
  '←': '<-',
  '↔': '<->',
  '·': '.',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '=',
  '▅': '+',
  '▆': '*',
  '▇': '%',
  '█': '#',
  '░': '.',
  '✓': 'v',
  '\u00a0': ' ',
};

/** The text in ASCII: known signs by what looks like them, other letters without their accents, the rest as `?`. */
export function plainLetters(text: string): string {
  return text.replace(/\P{ASCII}/gu, (letter) => {
    const known = LETTERS[letter];
    if (known !== undefined) return known;
    const bare = letter.normalize('NFKD').replace(/\P{ASCII}/gu, '');
    return bare === '' ? '?' : bare;
  });
}
