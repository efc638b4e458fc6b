/** Pictures by their pixels and elements: areas cover what they should, letters are letters, files are whole. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { LIGHT } from '../design/tokens.js';
import { Canvas } from './canvas.js';
import { type Drawing, line, rect, type Shape, text } from './drawing.js';
import { glyphOf, textWidth } from './glyphs.js';
import { painted, pngFile, rgbOf } from './paint.js';
import { pngOf, pngPicture } from './png.js';
import { escaped, svgFile } from './svg.js';

const WHITE = [255, 255, 255] as const;
const black = () => [0, 0, 0] as const;

function red(canvas: Canvas, x: number, y: number): number {
  return canvas.pixels[4 * (y * canvas.width + x)];
}

const drawing = (...shapes: Shape[]): Drawing => ({ width: 40, height: 20, shapes });

function pixel(canvas: Canvas, x: number, y: number): readonly number[] {
  const at = 4 * (y * canvas.width + x);
  return [...canvas.pixels.subarray(at, at + 3)];
}

describe('areas', () => {
  test('a pixel that is half covered is half as dark, on every side', () => {
    const canvas = new Canvas(6, 6, WHITE);
    canvas.fill([[1.5, 1.5, 4.5, 1.5, 4.5, 4.5, 1.5, 4.5]], black);
    assert.equal(red(canvas, 2, 2), 0);
    for (const [x, y] of [
      [1, 2],
      [4, 2],
      [2, 1],
      [2, 4],
    ] as const)
      assert.ok(Math.abs(red(canvas, x, y) - 127.5) < 2, `${x} ${y}`);
    for (const [x, y] of [
      [1, 1],
      [4, 4],
      [1, 4],
      [4, 1],
    ] as const)
      assert.ok(Math.abs(red(canvas, x, y) - 191) < 3, `${x} ${y}`);
    for (const [x, y] of [
      [0, 2],
      [5, 2],
      [2, 0],
      [2, 5],
    ] as const)
      assert.equal(red(canvas, x, y), 255);
  });

  test('a slanted edge covers as much as lies beside it', () => {
    const canvas = new Canvas(8, 8, WHITE);
    canvas.fill([[0, 0, 8, 8, 0, 8]], black);
    let dark = 0;
    for (let at = 0; at < canvas.pixels.length; at += 4) dark += (255 - canvas.pixels[at]) / 255;
    assert.ok(Math.abs(dark - 32) < 0.3, `${dark} of 32 pixels`);
    assert.ok(Math.abs(red(canvas, 3, 3) - 127.5) < 2);
    const flat = new Canvas(8, 2, WHITE);
    flat.fill([[0, 0, 8, 1, 8, 2, 0, 2]], black);
    assert.ok(red(flat, 0, 0) < red(flat, 7, 0), 'less and less is covered to the right');
    assert.ok(Math.abs(red(flat, 0, 0) - 255 / 16) < 3);
  });

  test('a line within another in the other direction is a hole', () => {
    const canvas = new Canvas(6, 6, WHITE);
    canvas.fill(
      [
        [0, 0, 6, 0, 6, 6, 0, 6],
        [2, 2, 2, 4, 4, 4, 4, 2],
      ],
      black,
    );
    assert.deepEqual([red(canvas, 0, 0), red(canvas, 3, 3), red(canvas, 5, 5)], [0, 255, 0]);
  });

  test('what lies outside of the picture is cut off, and leaves nothing behind', () => {
    const canvas = new Canvas(4, 4, WHITE);
    canvas.fill([[-5, -5, 2, -5, 2, 9, -5, 9]], black);
    assert.deepEqual(
      [0, 1, 2, 3].map((x) => red(canvas, x, 3)),
      [0, 0, 255, 255],
    );
    canvas.fill([[3, -9, 90, -9, 90, 90, 3, 90]], black);
    assert.deepEqual(
      [0, 1, 2, 3].map((x) => red(canvas, x, 0)),
      [0, 0, 255, 0],
    );
    canvas.fill([[50, 50, 60, 50, 60, 60]], black);
    assert.equal(red(canvas, 2, 2), 255);
  });

  test('opacity lets the paper through', () => {
    const canvas = new Canvas(2, 2, WHITE);
    canvas.fill([[0, 0, 2, 0, 2, 2, 0, 2]], black, 0.25);
    assert.ok(Math.abs(red(canvas, 0, 0) - 191) < 2);
  });
});

describe('shapes', () => {
  test('a rectangle, a circle, a line and cells are where they are said to be', () => {
    const pixels = new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255, 9, 9, 9, 0, 0, 255, 0, 255]);
    const canvas = painted(
      drawing(
        rect([2, 2, 6, 6], 'accent'),
        { kind: 'circle', x: 15, y: 5, radius: 3, fill: 'bad' },
        line([20, 5, 30, 5], 'ink', { strokeWidth: 2 }),
        { kind: 'raster', x: 2, y: 10, width: 8, height: 8, columns: 2, rows: 2, pixels },
      ),
      LIGHT,
      1,
    );
    assert.deepEqual(pixel(canvas, 4, 4), [...rgbOf(LIGHT.accent)]);
    assert.deepEqual(pixel(canvas, 15, 5), [...rgbOf(LIGHT.bad)]);
    assert.ok(pixel(canvas, 12, 2)[1] > 240, 'a circle has no corners');
    assert.deepEqual(pixel(canvas, 25, 5), [...rgbOf(LIGHT.ink)]);
    assert.deepEqual(pixel(canvas, 25, 7), [255, 255, 255]);
    assert.deepEqual(
      [pixel(canvas, 3, 11), pixel(canvas, 8, 11)],
      [
        [255, 0, 0],
        [0, 0, 255],
      ],
    );
    assert.deepEqual(
      [pixel(canvas, 3, 16), pixel(canvas, 8, 16)],
      [
        [255, 255, 255],
        [0, 255, 0],
      ],
      'clear cells show the paper',
    );
  });

  test('a dashed line has gaps, a rim stays light, hatching has two colours', () => {
    const canvas = painted(
      drawing(line([0, 2, 40, 2], 'ink', { strokeWidth: 2, dash: [4, 4] }), rect([0, 6, 30, 12], 'hatched')),
      LIGHT,
      1,
    );
    const along = [1, 5, 9, 13].map((x) => pixel(canvas, x, 2)[0]);
    assert.deepEqual(
      along.map((one) => one < 100),
      [true, false, true, false],
    );
    const seen = new Set(Array.from({ length: 28 }, (_, x) => pixel(canvas, x, 10).join()));
    assert.ok(
      seen.has(rgbOf(LIGHT.unknown).join()) && seen.has(rgbOf(LIGHT.hatch).join()),
      [...seen].join(' '),
    );
  });

  test('a closed line with a width is drawn on all its sides', () => {
    const closed = {
      kind: 'path',
      lines: [[5, 5, 15, 5, 15, 15, 5, 15]],
      fill: 'paper',
      stroke: 'ink',
      strokeWidth: 2,
    } as const;
    const canvas = painted(drawing(closed), LIGHT, 1);
    for (const [x, y] of [
      [10, 5],
      [15, 10],
      [10, 15],
      [5, 10],
    ] as const)
      assert.ok(pixel(canvas, x, y)[0] < 60, `${x} ${y}`);
    assert.equal(pixel(canvas, 10, 10)[0], 255);
  });

  test('cells that lie partly outside of the picture are cut off on every side', () => {
    const pixels = new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255, 9, 9, 9, 255, 0, 255, 0, 255]);
    const canvas = painted(
      drawing({ kind: 'raster', x: -2, y: -2, width: 8, height: 8, columns: 2, rows: 2, pixels }),
      LIGHT,
      1,
    );
    const found = [0, 1, 2, 5, 6].flatMap((x) => [0, 2, 6].map((y) => pixel(canvas, x, y).join(' ')));
    const [red, blue, dark, green, paper] = ['255 0 0', '0 0 255', '9 9 9', '0 255 0', '255 255 255'];
    assert.deepEqual(found, [
      ...[red, dark, paper],
      ...[red, dark, paper],
      ...[blue, green, paper],
      ...[blue, green, paper],
      ...[paper, paper, paper],
    ]);
    const beyond = painted(
      drawing({ kind: 'raster', x: 36, y: 16, width: 8, height: 8, columns: 2, rows: 2, pixels }),
      LIGHT,
      1,
    );
    assert.deepEqual(pixel(beyond, 39, 19), [255, 0, 0]);
    assert.deepEqual(pixel(beyond, 0, 17), [255, 255, 255], 'no row runs on into the next');
  });

  test('a circle that is only stroked is a ring', () => {
    const ring = { kind: 'circle', x: 15, y: 10, radius: 6, stroke: 'ink', strokeWidth: 2 } as const;
    const canvas = painted(drawing(ring), LIGHT, 1);
    for (const [x, y] of [[20, 10], [15, 15], [9, 10], [15, 4]] as const) // biome-ignore format: places
      assert.ok(pixel(canvas, x, y)[0] < 160, `${x} ${y}`);
    assert.deepEqual(pixel(canvas, 15, 10), [255, 255, 255]);
  });

  test('a point that is there twice changes nothing of a line', () => {
    const drawn = (points: readonly number[]) =>
      painted(drawing(line(points, 'ink', { strokeWidth: 2 })), LIGHT, 1).pixels;
    const once = drawn([5, 5, 15, 5]);
    assert.ok(once.some((value) => value < 60));
    assert.deepEqual(drawn([5, 5, 5, 5, 5, 5]), painted(drawing(), LIGHT, 1).pixels);
  });
});

/** Widths of all letters of ASCII, and a checksum of their outlines, in grid units. */
function fingerprint(bold: boolean): readonly [number, number] {
  const letters = Array.from({ length: 95 }, (_, at) => glyphOf(String.fromCharCode(32 + at), bold));
  const units = (value: number) => Math.round(1024 * value);
  const outlines = letters.map(({ lines }) => lines.map((points) => points.map(units)));
  return [letters.reduce((sum, { width }) => sum + units(width), 0), crc32(JSON.stringify(outlines))];
}

describe('letters', () => {
  test('have the widths of their font, and no letter is lost', () => {
    // DejaVu Sans: i 569, m 1995, space 651 of 2048 units.
    for (const [letter, units] of [
      ['i', 569],
      ['m', 1995],
      [' ', 651],
    ] as const)
      assert.ok(Math.abs(textWidth(letter, 2048) - units) <= 2, letter);
    assert.equal(textWidth('mm', 10), 2 * textWidth('m', 10));
    assert.ok(textWidth('m', 10, true) > textWidth('m', 10));
    assert.equal(textWidth('é', 10), textWidth('e', 10), 'without its accent');
    assert.equal(textWidth('漢', 10), textWidth('?', 10));
    assert.equal(glyphOf(' ', false).lines.length, 0);
    // Sums over the letters of ASCII, and over where their outlines run: a number that changes changes them.
    assert.deepEqual(
      [fingerprint(false), fingerprint(true)],
      [
        [58_115, 1_278_537_366],
        [64_141, 2_242_945_613],
      ],
    );
    assert.equal(glyphOf('o', false).lines.length, 2, 'a ring is two lines');
  });

  test('are drawn from their place, by their anchor, and upwards', () => {
    const dark = (shape: Shape) => {
      const canvas = painted(drawing(shape), LIGHT, 1);
      let [left, right, top, bottom] = [99, -1, 99, -1];
      for (let y = 0; y < canvas.height; y++)
        for (let x = 0; x < canvas.width; x++)
          if (pixel(canvas, x, y)[0] < 140) {
            [left, right] = [Math.min(left, x), Math.max(right, x)];
            [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
          }
      return { left, right, top, bottom };
    };
    const style = { size: 14, fill: 'ink', bold: true } as const;
    const start = dark(text(20, 15, 'HH', style));
    assert.ok(start.left >= 20 && start.bottom <= 15 && start.top >= 3, JSON.stringify(start));
    assert.ok(dark(text(20, 15, 'HH', { ...style, anchor: 'end' })).right <= 20);
    const middle = dark(text(20, 15, 'HH', { ...style, anchor: 'middle' }));
    assert.ok(Math.abs(middle.left + middle.right - 40) <= 2, JSON.stringify(middle));
    const upright = dark(text(20, 19, 'I', { ...style, upright: true }));
    assert.ok(upright.right - upright.left > upright.bottom - upright.top, 'an I that lies');
    assert.ok(upright.right <= 20 && upright.bottom <= 19);
  });
});

describe('files', () => {
  test('a PNG has sizes, sound chunks and its pixels', () => {
    const pixels = new Uint8Array([1, 2, 3, 255, 4, 5, 6, 7]);
    const file = Buffer.from(pngOf(2, 1, pixels));
    assert.equal(file.subarray(1, 4).toString(), 'PNG');
    const chunks = new Map<string, Buffer>();
    for (let at = 8; at < file.length; ) {
      const length = file.readUInt32BE(at);
      const body = file.subarray(at + 4, at + 8 + length);
      assert.equal(file.readUInt32BE(at + 8 + length), crc32(body));
      chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
      at += 12 + length;
    }
    assert.deepEqual([...chunks.keys()], ['IHDR', 'IDAT', 'IEND']);
    const head = chunks.get('IHDR') ?? Buffer.alloc(0);
    assert.deepEqual(
      [head.readUInt32BE(0), head.readUInt32BE(4), ...head.subarray(8)],
      [2, 1, 8, 6, 0, 0, 0],
    );
    assert.deepEqual([...inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0))], [0, ...pixels]);
  });

  test('a picture is twice as fine as its drawing', () => {
    const file = Buffer.from(pngFile(drawing(), LIGHT));
    assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20)], [80, 40]);
  });

  test('SVG says what it is, in roles and colours of data, and no name breaks it', () => {
    const words = { name: 'map', title: 'A <b> & "c"', about: "d'e" };
    const svg = svgFile(
      drawing(
        rect([1, 2, 3, 4], 'accent', { title: '</title><script>' }),
        rect([1, 2, 3, 4], '#010203'),
        rect([1, 2, 3, 4], 'hatched', { opacity: 0.5 }),
        text(1, 2, 'x\u0000<y>', { rim: true, bold: true, anchor: 'end' }),
        text(1, 2, 'up', { upright: true, fill: '#ffffff' }),
        line([0, 0, 1.23456, 2], 'grid', { dash: [1, 2] }),
      ),
      words,
      pngPicture,
    );
    assert.match(svg, /<title id="map-title">A &#60;b&#62; &#38; &#34;c&#34;<\/title>/);
    assert.match(
      svg,
      /<rect x="1" y="2" width="3" height="4" class="f-accent"><title>&#60;\/title&#62;&#60;script&#62;<\/title><\/rect>/,
    );
    assert.match(svg, /fill="#010203"/);
    assert.match(svg, /fill="url\(#hatch-map\)" opacity="0.5"|opacity="0.5"/);
    assert.match(
      svg,
      /<text x="1" y="2" font-size="12" font-weight="600" text-anchor="end" class="f-quiet rim s-paper">x&#60;y&#62;<\/text>/,
    );
    assert.match(svg, /translate\(1 2\) rotate\(-90\)/);
    assert.match(svg, /fill="#ffffff">up</);
    assert.match(
      svg,
      /d="M0 0L1.23 2" stroke-width="1" stroke-linejoin="round" stroke-dasharray="1 2" fill="none" class="s-grid"/,
    );
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.equal(svg.includes('<script') || svg.includes('\u0000'), false);
  });

  test('what XML forbids is left out, what it reserves is written as numbers', () => {
    assert.equal(escaped('a\u0007b\uffff<&>"\''), 'ab&#60;&#38;&#62;&#34;&#39;');
    assert.equal(escaped('tab\tline\n'), 'tab\tline\n');
  });
});
