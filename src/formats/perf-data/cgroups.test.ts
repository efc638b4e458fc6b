import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CgroupTable } from './cgroups.js';

test('a cgroup is below itself and its parents, not below one whose name begins alike', () => {
  const table = new CgroupTable();
  table.add(1, '/');
  table.add(2, '/db');
  table.add(3, '/db/shard-1');
  table.add(4, '/db2');
  const below = (...wanted: string[]) => [1, 2, 3, 4, 5].filter((id) => table.isBelow(id, wanted));
  assert.deepEqual(below('/db'), [2, 3]);
  assert.deepEqual(below('/db/shard-1'), [3]);
  assert.deepEqual(below('/db2', '/db/shard-1'), [3, 4]);
  assert.deepEqual(below('/'), [1, 2, 3, 4], 'one whose path was not recorded is below none');
  assert.deepEqual(below(), []);
  table.add(3, '/moved');
  assert.deepEqual(below('/db'), [2]);
  assert.equal(table.size, 4);
});
