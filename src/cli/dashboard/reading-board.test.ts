/** A file that is still being read: what is told meanwhile, what comes of it, and what was wrong with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeMap } from '../../../test/support/fake-board.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import { OverviewSchema } from '../../dashboard/wire/overview.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { ReadingBoard, type ReadingTold } from './reading-board.js';
import type { StillParts } from './still-board.js';

const PARTS: StillParts = {
  ...{ kind: 'heat', name: 'heat.parquet', clock: 'wall', atMs: null, targets: [], notes: [], facts: [] },
  missing: { map: ['The file has no sample.', 'Record some.'] },
};

/** A board whose reading goes on when it is told to. */
function held(map: MapModel | undefined = fakeMap(9)) {
  let [resolve, reject] = [(): void => undefined, (_problem: unknown): void => undefined];
  const promise = new Promise<void>((one, other) => {
    [resolve, reject] = [one, other];
  });
  const all = { promise, resolve: () => resolve(), reject: (problem: unknown) => reject(problem) };
  const state: { told?: ReadingTold; stories: number } = { stories: 0 };
  const board = new ReadingBoard({
    parts: { ...PARTS },
    read: async (told) => {
      state.told = told;
      await all.promise;
      return { ...PARTS, map };
    },
    story: async () => ({ octavo: 'story', count: ++state.stories }),
  });
  const overview = () =>
    OverviewSchema.parse({ octavo: 'dashboard-overview', version: 1, revision: 1, ...board.overview() });
  return { board, state, all, overview };
}

describe('a file that is being read', () => {
  test('says how far it is, each step once, and that it goes on', () => {
    const { board, state, overview } = held();
    void board.begin();
    assert.deepEqual(board.look().views, ['overview']);
    assert.deepEqual(board.look().views, []);
    state.told?.read(0.404);
    assert.deepEqual(board.look().views, ['overview']);
    const { subject, views } = overview();
    assert.deepEqual([subject.state, subject.isLive], ['reading', true]);
    assert.deepEqual(subject.troubles, ['The file is being read: 40 %.']);
    assert.deepEqual([views.map.has, views.map.why], [false, 'The file is being read: 40 %.']);
    assert.deepEqual([board.map, board.has('map'), board.has('story')], [undefined, false, false]);
  });

  test('shows the map as far as it has come, and then all of it', async () => {
    const { board, state, all, overview } = held();
    const read = board.begin();
    const part = fakeMap(1);
    state.told?.show(part);
    assert.deepEqual(board.look().views, ['map', 'overview']);
    assert.deepEqual(
      [board.map, overview().views.map.has, overview().subject.state],
      [part, true, 'reading'],
    );
    assert.ok(board.explain({ segment: 0, page: 0 }).lines.length > 0);
    all.resolve();
    await read;
    assert.equal(board.map?.layout, 9);
    assert.deepEqual(new Set(board.look().views), new Set(['map', 'overview', 'story']));
    assert.deepEqual([overview().subject.state, overview().subject.isLive], ['still', false]);
    assert.deepEqual(board.look().views, []);
  });

  test('has no map when there was nothing in it, with the reason', async () => {
    const { board, all, overview } = held();
    const empty = new ReadingBoard({
      parts: { ...PARTS },
      read: async () => ({ ...PARTS }),
      story: async () => ({}),
    });
    await empty.begin();
    assert.equal(empty.overview().views.map?.why, 'The file has no sample.');
    all.resolve();
    await board.begin();
    assert.equal(overview().views.map.why, '');
  });

  test('makes its story when somebody asks for it, once', async () => {
    const { board, state, all } = held();
    all.resolve();
    await board.begin();
    assert.equal(state.stories, 0);
    assert.equal(board.story(), undefined);
    await new Promise(setImmediate);
    assert.deepEqual([board.story(), state.stories], [{ octavo: 'story', count: 1 }, 1]);
  });

  test('rejects with what is wrong with it, and says so whenever it is looked at', async () => {
    const { board, all } = held();
    const problem = new OctavoError('FILE_MALFORMED', { path: 'x', problem: 'is cut', place: 'row 1' });
    all.reject(problem);
    await assert.rejects(board.begin(), problem);
    assert.throws(() => board.look(), problem);
  });
});
