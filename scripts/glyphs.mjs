// Outlines of letters for pictures without a font at hand (src/reports/drawing/glyph-outlines.ts), from TrueType files:
// node scripts/glyphs.mjs DejaVuSans.ttf DejaVuSans-Bold.ttf > src/reports/drawing/glyph-outlines.ts
// Of Debian's fonts-dejavu-core. Only needed again when letters are added to LETTERS.
import { readFileSync } from 'node:fs';

const ASCII = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
const SIGNS = '×µ–—…’“”≥≤±→←·−█░▲▼△▽';
/** Letters are drawn on this grid; the fonts have twice as fine a one. */
const EM = 1024;

const [regular, bold] = process.argv.slice(2);
if (bold === undefined) {
  console.error('usage: node scripts/glyphs.mjs REGULAR.ttf BOLD.ttf');
  process.exit(2);
}
const lines = [
  ...entries('REGULAR', readFont(regular), ASCII + SIGNS),
  '',
  ...entries('BOLD', readFont(bold), `${ASCII}×µ–—…’−`),
];
console.log(`/**
 * Outlines of letters: width and contours, made by scripts/glyphs.mjs from DejaVu Sans, which is Bitstream Vera
 * (copyright (c) 2003 by Bitstream, Inc.; Bitstream Vera is a trademark of Bitstream, Inc.) with changes in the public
 * domain; its licence is in scripts/licences/dejavu.txt. glyphs.ts says how a contour is written.
 */

${lines.join('\n')}`);

function entries(name, font, letters) {
  const rows = [...letters].map((letter) => {
    const { width, contours } = font(letter.codePointAt(0));
    return `  ${JSON.stringify(letter)}: [${width}, ${quoted(contours.map(encoded).join(' '))}],`;
  });
  return [
    `export const ${name}: Readonly<Record<string, readonly [width: number, contours: string]>> = {`,
    ...rows,
    '};',
  ];
}

function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\')}'`;
}

/** Steps from point to point: x, y twice with the bit "on the curve" below; each number in letters of 5 bits. */
function encoded(points) {
  let [x, y, text] = [0, 0, ''];
  for (const point of points) {
    text += letters(point.x - x) + letters(2 * (point.y - y) + (point.on ? 1 : 0));
    ({ x, y } = point);
  }
  return text;
}

function letters(number) {
  let rest = number < 0 ? -2 * number - 1 : 2 * number;
  let text = '';
  do {
    const low = rest & 31;
    rest >>= 5;
    text += String.fromCharCode(63 + low + (rest > 0 ? 32 : 0));
  } while (rest > 0);
  return text;
}

function readFont(path) {
  const bytes = readFileSync(path);
  const tables = new Map();
  for (let at = 12; at < 12 + 16 * bytes.readUInt16BE(4); at += 16)
    tables.set(bytes.toString('latin1', at, at + 4), bytes.readUInt32BE(at + 8));
  const table = (name) => tables.get(name);
  const scale = EM / bytes.readUInt16BE(table('head') + 18);
  const isLong = bytes.readInt16BE(table('head') + 50) === 1;
  const metrics = bytes.readUInt16BE(table('hhea') + 34);
  const offset = (glyph) =>
    table('glyf') +
    (isLong
      ? bytes.readUInt32BE(table('loca') + 4 * glyph)
      : 2 * bytes.readUInt16BE(table('loca') + 2 * glyph));
  const outline = (glyph) => {
    const at = offset(glyph);
    if (offset(glyph + 1) === at) return [];
    const count = bytes.readInt16BE(at);
    return count >= 0 ? simple(bytes, at, count) : composite(bytes, at, outline);
  };
  return (code) => {
    const glyph = glyphOf(bytes, table('cmap'), code);
    if (glyph === 0) throw new Error(`${path} has no U+${code.toString(16)}`);
    const width = bytes.readUInt16BE(table('hmtx') + 4 * Math.min(glyph, metrics - 1));
    const contours = outline(glyph).map((points) =>
      points.map(({ x, y, on }) => ({ x: Math.round(x * scale), y: Math.round(y * scale), on })),
    );
    return { width: Math.round(width * scale), contours };
  };
}

/** By the first format-4 table. */
function glyphOf(bytes, cmap, code) {
  for (let index = 0; index < bytes.readUInt16BE(cmap + 2); index++) {
    const at = cmap + bytes.readUInt32BE(cmap + 8 + 8 * index);
    if (bytes.readUInt16BE(at) !== 4) continue;
    const twice = bytes.readUInt16BE(at + 6);
    for (let segment = 0; segment < twice; segment += 2) {
      if (bytes.readUInt16BE(at + 14 + segment) < code) continue;
      const first = bytes.readUInt16BE(at + 16 + twice + segment);
      if (first > code) return 0;
      const delta = bytes.readUInt16BE(at + 16 + 2 * twice + segment);
      const place = at + 16 + 3 * twice + segment;
      const range = bytes.readUInt16BE(place);
      if (range === 0) return (code + delta) & 0xffff;
      return (bytes.readUInt16BE(place + range + 2 * (code - first)) + delta) & 0xffff;
    }
  }
  return 0;
}

function simple(bytes, start, count) {
  let at = start + 10;
  const ends = Array.from({ length: count }, (_, index) => bytes.readUInt16BE(at + 2 * index));
  at += 2 * count;
  at += 2 + bytes.readUInt16BE(at);
  const points = ends[count - 1] + 1;
  const flags = [];
  while (flags.length < points) {
    const flag = bytes[at++];
    const times = flag & 8 ? bytes[at++] + 1 : 1;
    for (let time = 0; time < times; time++) flags.push(flag);
  }
  const axis = (short, same) => {
    let value = 0;
    return flags.map((flag) => {
      if (flag & short) value += flag & same ? bytes[at++] : -bytes[at++];
      else if (!(flag & same)) {
        value += bytes.readInt16BE(at);
        at += 2;
      }
      return value;
    });
  };
  const xs = axis(2, 16);
  const ys = axis(4, 32);
  const all = flags.map((flag, index) => ({ x: xs[index], y: ys[index], on: (flag & 1) === 1 }));
  return ends.map((end, index) => all.slice(index === 0 ? 0 : ends[index - 1] + 1, end + 1));
}

/** Of shifted parts, which is all that these letters have. */
function composite(bytes, start, outline) {
  const contours = [];
  for (let at = start + 10, flags = 32; flags & 32; ) {
    flags = bytes.readUInt16BE(at);
    const part = bytes.readUInt16BE(at + 2);
    at += 4;
    const [dx, dy] =
      flags & 1
        ? [bytes.readInt16BE(at), bytes.readInt16BE(at + 2)]
        : [bytes.readInt8(at), bytes.readInt8(at + 1)];
    at += flags & 1 ? 4 : 2;
    let [xx, yy] = [1, 1];
    if (flags & 8) xx = yy = bytes.readInt16BE(at) / 16384;
    if (flags & 64) [xx, yy] = [bytes.readInt16BE(at) / 16384, bytes.readInt16BE(at + 2) / 16384];
    at += flags & 8 ? 2 : flags & 64 ? 4 : flags & 128 ? 8 : 0;
    for (const contour of outline(part))
      contours.push(contour.map(({ x, y, on }) => ({ x: x * xx + dx, y: y * yy + dy, on })));
  }
  return contours;
}
