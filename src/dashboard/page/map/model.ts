/** The map that is shown: its description, its tiles with their pictures, and the window on it. */
import type { CellAt } from '../../view/cells.js';
import { coloursOf, paintCells, paintNoMemory } from '../../view/colours.js';
import { Fold } from '../../view/fold.js';
import { areaOf, type Level, levelFor, type TileId, tilesOf } from '../../view/levels.js';
import type { Plane } from '../../view/link.js';
import { boundsOf } from '../../view/map-link.js';
import { outlineOf } from '../../view/outline.js';
import { TileStore } from '../../view/tile-store.js';
import { followed, type MapBounds, type MapWindow, wholeOf } from '../../view/window.js';
import type { MapView } from '../../wire/map.js';
import type { Tile } from '../../wire/tile.js';
import { ask } from '../parts/ask.js';

/** A tile with the pictures that were made of it. */
export interface Painted {
  readonly tile: Tile;
  /** Columns of the map when it was fetched: later ones are not in it. */
  readonly columns: number;
  picture(plane: Plane): HTMLCanvasElement;
  readonly sides: Int16Array;
}

const STORE = { tiles: 320, requests: 6 } as const;

/** A map at one layout, and the window on it. */
export class MapModel {
  readonly map: MapView;
  readonly fold: Fold;
  readonly bounds: MapBounds;
  window: MapWindow;

  constructor(map: MapView) {
    this.map = map;
    this.fold = new Fold(map.segments);
    this.bounds = boundsOf(map, this.fold);
    this.window = wholeOf(this.bounds);
  }

  /** The map that comes after this one: it is seen where this one was. */
  successor(map: MapView): MapModel {
    const next = new MapModel(map);
    next.window = followed(this.window, this.bounds, next.bounds);
    return next;
  }

  /** Whether tiles of this map are where those of the other one are. */
  isLike({ map: { columns, tile, geometry } }: MapModel): boolean {
    const mine = this.map;
    return (
      columns[0]?.fromMs === mine.columns[0]?.fromMs &&
      tile.rows === mine.tile.rows &&
      tile.columns === mine.tile.columns &&
      geometry.pageBytes === mine.geometry.pageBytes
    );
  }

  level(size: readonly [width: number, height: number]): Level {
    return levelFor(this.window, size, this.map);
  }

  tiles(level: Level): readonly TileId[] {
    return tilesOf(this.fold, this.window, level, this.map);
  }
}

/** Tiles of the newest map. */
export class MapTiles {
  readonly #store: TileStore<Painted>;
  #map: MapView;

  constructor(map: MapView, changed: (problem: unknown) => void) {
    this.#map = map;
    const fetch = async ({ segment, level, zoom, row, column }: TileId) => {
      const place = { layout: this.#map.layout, segment: segment.id, level, zoom, row, column };
      return paintedOf(await ask.tile(place), this.#map);
    };
    this.#store = new TileStore<Painted>({ fetch, changed }, STORE);
  }

  /** What is there stays until its successor is, unless it lies elsewhere now. */
  follow(map: MapView, isLike: boolean): void {
    this.#map = map;
    if (isLike) this.#store.renew();
    else this.#store.clear();
  }

  get missing(): number {
    return this.#store.missing;
  }

  want(tiles: readonly TileId[]): void {
    this.#store.want(tiles);
  }

  nearest(id: TileId): { readonly id: TileId; readonly made: Painted } | undefined {
    return this.#store.nearest(id, this.#map);
  }

  /** Cells at a level, as far as their tiles, or coarser ones, are there. */
  cellsOf({ fold, map }: MapModel, level: Level): CellAt {
    return (column, line) => {
      const place = fold.placeOf(line);
      if (place === undefined || column < 0 || column >= map.columns.length) return undefined;
      const row = Math.floor(place.page / (map.tile.rows * 2 ** level.level));
      const at = Math.floor(column / (map.tile.columns * 2 ** level.zoom));
      const found = this.nearest({ segment: place.segment, ...level, row, column: at });
      if (found === undefined) return undefined;
      const { left, top } = areaOf(found.id, map);
      const { tile } = found.made;
      const cell = Math.floor((place.page - top) / 2 ** found.id.level) * tile.columns;
      const index = cell + Math.floor((column - left) / 2 ** found.id.zoom);
      return {
        heat: tile.heat[index],
        touched: tile.touched[index],
        huge: tile.huge[index],
        order: tile.order[index],
      };
    };
  }
}

function paintedOf(tile: Tile, { scale, columns }: MapView): Painted {
  const pictures = new Map<Plane, HTMLCanvasElement>();
  let sides: Int16Array | undefined;
  return {
    tile,
    columns: columns.length,
    picture(plane) {
      const known = pictures.get(plane);
      if (known !== undefined) return known;
      const made = pictureOf(tile, plane, scale);
      pictures.set(plane, made);
      return made;
    },
    get sides() {
      sides ??= outlineOf(tile.huge, tile.rows, tile.columns);
      return sides;
    },
  };
}

function pictureOf(tile: Tile, plane: Plane, scale: MapView['scale']): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [tile.columns, tile.rows];
  const picture = new ImageData(tile.columns, tile.rows);
  paintCells(tile[plane], coloursOf(plane, scale), picture.data);
  if (plane === 'heat') paintNoMemory(tile, picture.data);
  canvas.getContext('2d')?.putImageData(picture, 0, 0);
  return canvas;
}
