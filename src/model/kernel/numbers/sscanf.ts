/** Numbers that one conversion may give: `%d` an int, `%ld` a long, `%lx` an unsigned long in hexadecimal. */
export type Conversion = '%d' | '%ld' | '%lx';

const FORMAT = /%d|%ld|%lx|[^%]/g;
/** The kernel reads an optional 0x in hexadecimal even behind one that the format has asked for. */
const NUMBERS: Readonly<Record<Conversion, RegExp>> = {
  '%d': /\s*(-?\d+)/y,
  '%ld': /\s*(-?\d+)/y,
  '%lx': /\s*((?:0x(?=[0-9a-f]))?[0-9a-f]+)/iy,
};

/**
 * The kernel's sscanf() for numbers: conversions and characters that must be there, from the left, until something
 * does not fit. Returns the numbers that were read; what comes behind them is not looked at.
 */
export function scanFormat(text: string, format: string): number[] {
  const numbers: number[] = [];
  let at = 0;
  for (const [part] of format.matchAll(FORMAT)) {
    if (part.length === 1) {
      if (text[at] !== part) break;
      at++;
      continue;
    }
    const pattern = NUMBERS[part as Conversion];
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) break;
    at = pattern.lastIndex;
    numbers.push(numberOf(found[1], part as Conversion));
  }
  return numbers;
}

/** An int is the low 32 bits of what was read. Addresses beyond 2^53 are beyond every mapping, exact or not. */
function numberOf(digits: string, conversion: Conversion): number {
  if (conversion === '%lx') return Number(/^0x/i.test(digits) ? digits : `0x${digits}`);
  return conversion === '%d' ? Number(BigInt.asIntN(32, BigInt(digits))) : Number(digits);
}
