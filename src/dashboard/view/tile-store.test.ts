/** Tiles that were asked for: which are kept, which are asked for next, what is shown meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleMap } from '../../../test/support/example-map.js';
import { Fold } from './fold.js';
import { type TileId, tileKey } from './levels.js';
import { TileStore } from './tile-store.js';

const map = exampleMap({ mostZoom: 2 });
const [segment] = new Fold(map.segments).segments;
const tile = (row: number, level = 0, zoom = 0): TileId => ({ segment, level, zoom, row, column: 0 });

/** A store whose answers come when the test says so. */
function slowStore(bounds = { tiles: 10, requests: 2 }) {
  const waiting: {
    readonly key: string;
    answer(made: string): Promise<void>;
    fail(why?: unknown): Promise<void>;
  }[] = [];
  const problems: unknown[] = [];
  const later = () => new Promise<void>((resolve) => setImmediate(resolve));
  const fetch = (id: TileId) =>
    new Promise<string>((resolve, reject) => {
      waiting.push({
        key: tileKey(id),
        answer: (made) => {
          resolve(made);
          return later();
        },
        fail: (why) => {
          reject(why);
          return later();
        },
      });
    });
  const store = new TileStore<string>({ fetch, changed: (problem) => problems.push(problem) }, bounds);
  return { store, waiting, problems, asked: () => waiting.map(({ key }) => key) };
}

describe('a store of tiles', () => {
  test('asks for the most wanted first, so many at a time, and each once', async () => {
    const { store, waiting, asked } = slowStore();
    store.want([tile(0), tile(1), tile(2)]);
    store.want([tile(0), tile(1), tile(2)]);
    assert.deepEqual(asked(), [tile(0), tile(1)].map(tileKey));
    assert.equal(store.missing, 3);
    await waiting[0].answer('a');
    assert.deepEqual(asked(), [tile(0), tile(1), tile(2)].map(tileKey));
    assert.equal(store.find(tile(0))?.made, 'a');
    assert.equal(store.missing, 2);
  });

  test('does not ask for what is no longer wanted', async () => {
    const { store, waiting, asked } = slowStore({ tiles: 10, requests: 1 });
    store.want([tile(0), tile(1)]);
    store.want([tile(3)]);
    await waiting[0].answer('a');
    assert.deepEqual(asked(), [tile(0), tile(3)].map(tileKey));
  });

  test('forgets what was not looked at for longest', async () => {
    const { store, waiting } = slowStore({ tiles: 2, requests: 9 });
    store.want([tile(0), tile(1)]);
    await waiting[0].answer('a');
    await waiting[1].answer('b');
    store.find(tile(0));
    store.want([tile(2)]);
    await waiting[2].answer('c');
    assert.deepEqual(
      [0, 1, 2].map((row) => store.find(tile(row))?.made),
      ['a', undefined, 'c'],
    );
    assert.equal(store.size, 2);
  });

  test('shows the nearest coarser tile meanwhile', async () => {
    const { store, waiting } = slowStore({ tiles: 9, requests: 9 });
    store.want([tile(0, 4, 2), tile(1, 2, 2)]);
    await waiting[0].answer('far');
    await waiting[1].answer('near');
    assert.equal(store.nearest(tile(5, 0), map)?.made, 'near', 'rows 5 × 256 lie in row 1 × 1024');
    assert.equal(store.nearest(tile(2, 0), map)?.made, 'far');
    assert.equal(store.nearest({ ...tile(2, 0), segment: { ...segment, pid: 8 } }, map), undefined);
  });

  test('tells why one could not be had, and asks again only when there is news', async () => {
    const { store, waiting, problems } = slowStore();
    store.want([tile(0)]);
    await waiting[0].fail(new Error('gone'));
    assert.match(String(problems[0]), /gone/);
    store.want([tile(0)]);
    assert.equal(waiting.length, 1);
    assert.equal(store.missing, 0);
    store.renew();
    store.want([tile(0)]);
    await waiting[1].fail(undefined);
    assert.ok(problems[1] instanceof Error, 'a failure without a reason is one');
  });

  test('shows what is old until its successor is there, and takes no answer to an older question', async () => {
    const { store, waiting } = slowStore();
    store.want([tile(0), tile(1)]);
    await waiting[0].answer('a');
    store.renew();
    assert.equal(store.find(tile(0))?.isOld, true);
    await waiting[1].answer('late');
    assert.equal(store.find(tile(1)), undefined);
    store.want([tile(0)]);
    await waiting[2].answer('new');
    assert.deepEqual([store.find(tile(0))?.made, store.find(tile(0))?.isOld], ['new', false]);
    store.want([tile(1)]);
    store.clear();
    await waiting[3].fail(new Error('late'));
    assert.deepEqual([store.size, store.missing], [0, 0]);
  });
});
