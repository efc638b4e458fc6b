import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TouchedView, touchedLines, touchedRows } from './touched-view.js';

const VIEW: TouchedView = {
  by: 'page',
  places: 1,
  hottest: [
    {
      ...{
        pid: 7,
        command: 'db',
        address: '0x1000',
        bytes: 4096,
        samples: 3,
        accesses: 3,
        share: 1,
        furtherSamples: 0,
      },
      touches: [
        {
          samples: 3,
          object: { kind: 'variable', name: '_ZN3foo5tableE', file: '/bin/db' },
          code: { symbol: '_ZN3foo3barEi', offset: 16, file: '/bin/db', address: '0x2010' },
        },
      ],
    },
  ],
  names: { samples: 3, withCode: 3, exact: 3, dropped: 0, unnamed: {}, unverified: [] },
};

test('people get names as sources have them, programs the symbols of the file', () => {
  assert.ok(
    touchedLines(VIEW, 5).some((line) =>
      line.endsWith('foo::bar+0x10 (/bin/db) → foo::table (variable of /bin/db)'),
    ),
  );
  const [{ symbol, object }] = touchedRows(VIEW);
  assert.deepEqual([symbol, object], ['_ZN3foo3barEi', '_ZN3foo5tableE']);
});
