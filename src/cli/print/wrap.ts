/** Lines broken at blanks, so that they fit. Pure. */

/** What a reader sees of a text, in columns. */
export function widthOf(text: string): number {
  return [...text].length;
}

/** Where a word that is longer than a line may be broken: nowhere, behind `|`, `,`, `/` and `-`, or anywhere if need be. */
export type Breaks = 'never' | 'signs' | 'anywhere';

/** Lines of at most `width` columns, broken at blanks. A word that is longer and may not be broken stands alone. */
export function wrap(text: string, width: number, breaks: Breaks = 'never'): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const { part, gap } of text.split(' ').flatMap((word) => partsOf(word, width, breaks))) {
    if (line !== '' && widthOf(line) + gap.length + widthOf(part) > width) {
      lines.push(line);
      line = part;
    } else line = line === '' ? part : `${line}${gap}${part}`;
  }
  return [...lines, line];
}

interface Part {
  readonly part: string;
  /** What stands before it on the same line. */
  readonly gap: '' | ' ';
}

function partsOf(word: string, width: number, breaks: Breaks): readonly Part[] {
  if (breaks === 'never' || widthOf(word) <= width) return [{ part: word, gap: ' ' }];
  const parts = word
    .split(/(?<=[|,/-])/)
    .flatMap((part) => (breaks === 'anywhere' ? pieces(part, width) : [part]));
  return parts.map((part, index) => ({ part, gap: index === 0 ? ' ' : '' }));
}

function pieces(word: string, width: number): readonly string[] {
  const letters = [...word];
  if (letters.length <= width) return [word];
  const count = Math.ceil(letters.length / width);
  return Array.from({ length: count }, (_, index) =>
    letters.slice(index * width, (index + 1) * width).join(''),
  );
}

/** A line that is too long goes on below the text that it explains: behind `--option   `, or two further in. */
export function wrapLine(line: string, width: number): readonly string[] {
  if (widthOf(line) <= width) return [line];
  const leading = /^ */.exec(line)?.[0].length ?? 0;
  const explained = /^\s*\S.*?\s{2,}(?=\S)/.exec(line)?.[0] ?? '';
  const fits = explained !== '' && widthOf(explained) < width * 0.6;
  const head = fits ? explained : line.slice(0, leading);
  const margin = ' '.repeat(fits ? widthOf(explained) : Math.min(leading + 2, width / 2));
  const body = line.slice(head.length).replace(/ {2,}/g, ' ');
  const [first] = wrap(body, width - widthOf(head), 'signs');
  const rest = body.slice(first.length).trimStart();
  const further = rest === '' ? [] : wrap(rest, width - margin.length, 'signs');
  return [head + first, ...further.map((part) => margin + part)].map((part) => part.trimEnd());
}
