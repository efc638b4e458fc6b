/** How types of C++ are written: what points to a function or an array has its `*` in the middle. */

/** A type in two halves, between which a name or a `*` goes. */
export interface Type {
  readonly left: string;
  readonly right: string;
}

/** A type that is a name. */
export const plain = (text: string): Type => ({ left: text, right: '' });
/** The type as it is written without a name in it. */
export const textOf = ({ left, right }: Type): string => (right === '' ? left : left + right);

/** A type that was met before, of functions and arrays with the place where a `*` goes. */
export function halves(text: string): Type {
  const pointer = /^(.* \([^()]*[*&])(\).*)$/.exec(text);
  if (pointer !== null) return { left: pointer[1], right: pointer[2] };
  return plain(text);
}

/** A pointer or reference to a type. */
export function pointing({ left, right }: Type, sign: string): Type {
  if (right.startsWith('[')) return { left: `${left}(${sign}`, right: `) ${right}` };
  if (right.startsWith('(')) return { left: `${left}(${sign}`, right: `)${right}` };
  // References to references collapse.
  if (sign.startsWith('&') && /[^&]&$/.test(left)) return { left, right };
  if (sign === '&' && left.endsWith('&&')) return { left: left.slice(0, -1), right };
  if (sign === '&&' && left.endsWith('&&')) return { left, right };
  return { left: `${left}${/::\*$/.test(sign) ? ' ' : ''}${sign}`, right };
}

/** A type with `const`, `volatile` or `restrict` behind it. */
export function qualified({ left, right }: Type, letters: string): Type {
  if (/^[([]/.test(right) && !right.startsWith('[')) return { left, right: `${right}${wordsOf(letters)}` };
  return /^\[/.test(right)
    ? { left: `${left.trimEnd()}${wordsOf(letters)} `, right }
    : { left: `${left}${wordsOf(letters)}`, right };
}

/** In the order in which they are read, from the innermost on. */
function wordsOf(letters: string): string {
  const words: Readonly<Record<string, string>> = { r: ' restrict', V: ' volatile', K: ' const' };
  return [...letters]
    .reverse()
    .map((letter) => words[letter])
    .join('');
}

/** A name with the arguments of its template. */
export function withArguments(name: string, list: string): string {
  const gap = name.endsWith('<') ? ' ' : '';
  return `${name}${gap}<${list}${list.endsWith('>') ? ' ' : ''}>`;
}

/** `vector` of `std::vector<int, std::allocator<int> >`. */
export function lastPart(name: string): string {
  let depth = 0;
  let end = name.length;
  for (let at = name.length - 1; at >= 0; at--) {
    if (name[at] === '>') depth++;
    else if (name[at] === '<') {
      depth--;
      if (depth === 0) end = at;
    } else if (depth === 0 && name[at] === ':') return name.slice(at + 1, end);
  }
  return name.slice(0, end);
}
