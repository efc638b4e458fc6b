/** Draws the map on its canvas: cells, outlines of huge pages, marks, addresses and times. */
import { FONT, type Palette, TYPE } from '../../../reports/design/tokens.js';
import { pageToAddress } from '../../../vocabulary/units.js';
import { ticksOf } from '../../view/columns.js';
import type { FoldedSegment } from '../../view/fold.js';
import { areaOf, type Level, type TileId } from '../../view/levels.js';
import type { Plane } from '../../view/link.js';
import { geometryOf } from '../../view/map-link.js';
import type { ShownMark } from '../../view/marks.js';
import { addressRows, type Plot, pieceOf, type Scene, xOf, yOf } from '../../view/picture.js';
import { hatchPattern } from '../parts/paint.js';
import type { MapModel, MapTiles, Painted } from './model.js';

/** How the map is drawn. */
export interface Shown {
  readonly plane: Plane;
  readonly outlines: boolean;
  readonly marks: readonly ShownMark[];
  /** The cell that is pointed at: columns and places on the line from and to. */
  readonly cursor: readonly [left: number, right: number, top: number, bottom: number] | undefined;
  readonly palette: Palette;
}

/** What was drawn. */
export interface Drawn {
  readonly level: Level;
  readonly cells: number;
  readonly tiles: number;
}

/** Rows and columns from which on outlines are lines of their own; smaller cells are outlined together. */
const LEAST_CELL = 3;
const MOST_SIDES = 20_000;
const AXIS = 26;
const GUTTER = 118;
const NARROW = 560;

/** Where cells are shown on a canvas of that size. */
export function plotOf(width: number, height: number): Plot {
  const left = width < NARROW ? 0 : GUTTER;
  return { left, top: 0, width: Math.max(1, width - left), height: Math.max(1, height - AXIS) };
}

/** Draws on one canvas. */
export class MapPainter {
  readonly #context: CanvasRenderingContext2D;
  /** Below the last address that was written. */
  #free = 0;
  #hatch: { readonly palette: Palette; readonly pattern: CanvasPattern | null } | undefined;

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context;
  }

  draw(model: MapModel, tiles: MapTiles, scene: Scene, shown: Shown): Drawn {
    const context = this.#context;
    const { plot, ratio, window } = scene;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = false;
    context.fillStyle = shown.palette.paper;
    context.fillRect(0, 0, plot.left + plot.width, plot.top + plot.height + AXIS);
    const level = model.level([plot.width * ratio, plot.height * ratio]);
    const wanted = model.tiles(level);
    tiles.want(wanted);
    context.fillStyle = this.#hatched(shown.palette, ratio);
    context.fillRect(plot.left, plot.top, plot.width, plot.height);
    const kept = wanted.map((id) => ({ id, found: tiles.nearest(id) }));
    for (const { id, found } of kept) this.#cells(model, id, found, scene, shown);
    if (shown.outlines) this.#outlines(model, kept, scene);
    this.#segments(model, scene, shown.palette);
    this.#times(model, scene, shown.palette);
    for (const mark of shown.marks) this.#mark(mark, plot);
    if (shown.cursor !== undefined) this.#cursor(shown.cursor, scene);
    const rows = (window.bottom - window.top) / 2 ** level.level;
    const columns = (window.right - window.left) / 2 ** level.zoom;
    return { level, cells: Math.ceil(rows) * Math.ceil(columns), tiles: wanted.length };
  }

  #hatched(palette: Palette, ratio: number): CanvasPattern | string {
    if (this.#hatch?.palette !== palette)
      this.#hatch = { palette, pattern: hatchPattern(this.#context, palette, ratio) };
    return this.#hatch.pattern ?? palette.unknown;
  }

  /** What is not there yet is neither cold nor unknown: it is empty paper. */
  #cells(model: MapModel, id: TileId, found: Kept | undefined, scene: Scene, shown: Shown): void {
    const piece = pieceOf(id, found?.id ?? id, model.map, scene);
    if (piece === undefined) return;
    const { from, to } = piece;
    if (found === undefined) {
      this.#context.fillStyle = shown.palette.panel;
      this.#context.fillRect(to.x, to.y, to.width, to.height);
      return;
    }
    const { made } = found;
    const known = Math.max(to.x, xOf(made.columns, scene.window, scene.plot));
    if (made.columns < model.map.columns.length && known < to.x + to.width) {
      // A tile of before has nothing of what came since: that is still on its way.
      this.#context.fillStyle = shown.palette.panel;
      this.#context.fillRect(known, to.y, to.x + to.width - known, to.height);
    }
    const picture = made.picture(shown.plane);
    this.#context.drawImage(
      picture,
      from.x,
      from.y,
      from.width,
      from.height,
      to.x,
      to.y,
      to.width,
      to.height,
    );
  }

  #outlines(model: MapModel, kept: readonly { id: TileId; found: Kept | undefined }[], scene: Scene): void {
    const context = this.#context;
    let sides = 0;
    context.beginPath();
    for (const { found } of kept) {
      if (found === undefined) continue;
      sides += found.made.sides.length / 3;
      if (sides <= MOST_SIDES) this.#sides(model, found, scene);
    }
    context.strokeStyle = 'rgba(0,0,0,.55)';
    context.lineWidth = 3;
    context.stroke();
    context.strokeStyle = '#ffffff';
    context.lineWidth = 1.4;
    context.stroke();
  }

  #sides(model: MapModel, { id, made }: Kept, { window, plot }: Scene): void {
    const context = this.#context;
    const area = areaOf(id, model.map);
    const [pages, columns] = [2 ** id.level, 2 ** id.zoom];
    const last = model.map.columns.length;
    const x = (cell: number) => xOf(Math.min(last, area.left + cell * columns), window, plot);
    const y = (cell: number) =>
      yOf(id.segment.at + Math.min(id.segment.pages, area.top + cell * pages), window, plot);
    if (x(1) - x(0) < LEAST_CELL / 4 && y(1) - y(0) < LEAST_CELL / 4) return;
    for (let at = 0; at < made.sides.length; at += 3) {
      const [column, row, length] = [made.sides[at], made.sides[at + 1], made.sides[at + 2]];
      // The end of the map, and of a segment, is no end of a huge page.
      const isEnd =
        length > 0 ? area.top + row * pages >= id.segment.pages : area.left + column * columns >= last;
      if (isEnd) continue;
      context.moveTo(x(column), y(row));
      if (length > 0) context.lineTo(x(column + length), y(row));
      else context.lineTo(x(column), y(row - length));
    }
  }

  #segments(model: MapModel, { window, plot }: Scene, palette: Palette): void {
    const context = this.#context;
    // What is outlined beyond the cells is covered again.
    context.fillStyle = palette.paper;
    context.fillRect(0, 0, plot.left, plot.top + plot.height);
    context.font = `${TYPE.small}px ${FONT}`;
    context.textBaseline = 'middle';
    this.#free = plot.top;
    for (const segment of model.fold.within(window.top, window.bottom)) {
      const top = Math.max(plot.top, yOf(segment.at, window, plot));
      const bottom = Math.min(plot.top + plot.height, yOf(segment.at + segment.pages, window, plot));
      context.fillStyle = palette.paper;
      // Between segments of a pixel or two there would be nothing but lines.
      if (segment.at > window.top && bottom - top >= 4) context.fillRect(plot.left, top - 1, plot.width, 2);
      if (plot.left > 0) this.#addresses(model, segment, [window, plot], palette);
      if (bottom - top >= 20) this.#name(segment, plot.left, top);
    }
  }

  #addresses(
    model: MapModel,
    segment: FoldedSegment,
    [window, plot]: [Scene['window'], Plot],
    palette: Palette,
  ): void {
    const context = this.#context;
    const geometry = geometryOf(model.map);
    context.textAlign = 'right';
    for (const row of addressRows(segment, window, plot, 26)) {
      const y = yOf(segment.at + row, window, plot);
      const middle = Math.max(plot.top + 7, Math.min(plot.top + plot.height - 7, y + (row === 0 ? 6 : 0)));
      if (middle - 7 < this.#free) continue;
      this.#free = middle + 8;
      context.fillStyle = palette.axis;
      context.fillRect(plot.left - 5, y, 5, 1);
      context.fillStyle = palette.quiet;
      context.fillText(pageToAddress(segment.firstPage + row, geometry), plot.left - 9, middle);
    }
  }

  /** On a dark ground of its own: it may stand on any colour of heat. */
  #name(segment: FoldedSegment, left: number, top: number): void {
    const context = this.#context;
    const name = segment.command === '' ? `pid ${segment.pid}` : `${segment.command} (${segment.pid})`;
    const words = [name, segment.mapping].filter((one) => one !== '').join('  ·  ');
    const width = context.measureText(words).width;
    context.textAlign = 'left';
    context.fillStyle = 'rgba(12,16,22,.72)';
    context.fillRect(left + 3, top + 3, width + 10, 16);
    context.fillStyle = '#ffffff';
    context.fillText(words, left + 8, top + 11.5);
  }

  #times(model: MapModel, { window, plot }: Scene, palette: Palette): void {
    const context = this.#context;
    const { columns, clock } = model.map;
    const bottom = plot.top + plot.height;
    context.fillStyle = palette.paper;
    context.fillRect(0, bottom, plot.left + plot.width, AXIS);
    context.textAlign = 'left';
    const ticks = ticksOf(
      columns,
      [window.left, window.right],
      clock,
      Math.max(2, Math.floor(plot.width / 110)),
    );
    let free = plot.left;
    for (const { at, words } of ticks) {
      const x = xOf(at, window, plot);
      context.fillStyle = palette.axis;
      context.fillRect(x, bottom, 1, 5);
      const width = context.measureText(words).width;
      const start = Math.max(plot.left, Math.min(plot.left + plot.width - width, x - width / 2));
      if (start < free) continue;
      context.fillStyle = palette.quiet;
      context.fillText(words, start, bottom + 15);
      free = start + width + 12;
    }
  }

  /** As in reports: a white triangle down for splits, a green one up for collapses. */
  #mark({ kind, x, y, count }: ShownMark, plot: Plot): void {
    const context = this.#context;
    const [left, top, down] = [plot.left + x, plot.top + y, kind === 'split' ? 1 : -1];
    const size = count > 1 ? 7 : 5.5;
    context.beginPath();
    context.moveTo(left - size, top - size * 0.8 * down);
    context.lineTo(left + size, top - size * 0.8 * down);
    context.lineTo(left, top + size * down);
    context.closePath();
    context.fillStyle = kind === 'split' ? '#ffffff' : '#16e0c0';
    context.strokeStyle = '#101418';
    context.lineWidth = 1.4;
    context.fill();
    context.stroke();
    if (count > 1) this.#count(String(count), left + size + 2, top);
  }

  #count(words: string, x: number, y: number): void {
    const context = this.#context;
    context.textAlign = 'left';
    context.strokeStyle = '#101418';
    context.lineWidth = 3;
    context.strokeText(words, x, y);
    context.fillStyle = '#ffffff';
    context.fillText(words, x, y);
  }

  #cursor([left, right, top, bottom]: NonNullable<Shown['cursor']>, { window, plot }: Scene): void {
    const context = this.#context;
    const [x, y] = [xOf(left, window, plot), yOf(top, window, plot)];
    const width = Math.max(5, xOf(right, window, plot) - x);
    const height = Math.max(5, yOf(bottom, window, plot) - y);
    context.lineWidth = 4;
    context.strokeStyle = '#101418';
    context.strokeRect(x, y, width, height);
    context.lineWidth = 2;
    context.strokeStyle = '#ffffff';
    context.strokeRect(x, y, width, height);
  }
}

interface Kept {
  readonly id: TileId;
  readonly made: Painted;
}
