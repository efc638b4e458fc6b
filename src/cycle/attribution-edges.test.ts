/** What is counted around a split, and how little of it is enough to name somebody. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { state } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import type { BlockObserver } from '../verification/block-observer.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import { attribute, type Evidence, evidence, marksNow } from './attribution.js';
import type { Marks } from './journal-records.js';

const KHUGEPAGED = '/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed';
const ME = { pid: PID, startTicks: 5000 };

/** An observer of blocks that look as `of` says, which keeps what it was asked for. */
function observer(of: (block: number) => Partial<BlockState> = () => ({})) {
  const asked: number[] = [];
  const look = (blocks: readonly number[]) => {
    asked.push(...blocks);
    return blocks.map((block) => ({ ...state('H'), block, firstFrame: block * 512, ...of(block) }));
  };
  return { asked, eyes: { look } as unknown as BlockObserver };
}

const sorted = (blocks: readonly number[]) => [...blocks].sort((left, right) => left - right);
const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe('huge pages left alone', () => {
  test('are looked for 16 blocks either way, and at no address below the first', () => {
    const { asked, eyes } = observer();
    const { controls } = marksNow(new ScriptedHost([9]), ME, eyes, [3]);
    assert.deepEqual(sorted(asked), [0, 1, 2, ...between(4, 19)]);
    assert.deepEqual(controls[0], [asked[0], asked[0] * 512]);
  });

  test('are not looked for around more blocks than give candidates enough, and 32 are kept', () => {
    const { asked, eyes } = observer();
    const { controls } = marksNow(new ScriptedHost([9]), ME, eyes, [100, 200, 300, 400]);
    assert.deepEqual([asked.length, Math.max(...asked), controls.length], [96, 316, 32]);
  });

  test('are those mapped as one whose frame is known', () => {
    const { eyes } = observer((block) => {
      if (block === 99) return { level: 'pte' };
      return block === 101 ? { firstFrame: null } : {};
    });
    const { controls } = marksNow(new ScriptedHost([9]), ME, eyes, [100]);
    assert.equal(controls.length, 30);
    assert.ok(!controls.some(([block]) => block === 99 || block === 101));
  });
});

describe('counters', () => {
  const marksOf = (counters: Record<string, number>, khugepaged?: string) => {
    const host = new ScriptedHost([9]);
    Object.assign(host.counters, counters);
    host.minorFaults = 12;
    if (khugepaged !== undefined) host.write(KHUGEPAGED, khugepaged);
    const { faults, hugeFaults, collapses, khugepaged: collapsed } = marksNow(host, ME, observer().eyes, []);
    return [faults, hugeFaults, collapses, collapsed];
  };

  test('of huge faults are those of anonymous memory, and of files where the kernel counts them', () => {
    assert.deepEqual(marksOf({ thp_fault_alloc: 50, thp_collapse_alloc: 7 }, '3\n'), [12, 50, 7, 3]);
    assert.deepEqual(marksOf({ thp_fault_alloc: 50, thp_file_alloc: 4 }), [12, 54, undefined, undefined]);
    assert.deepEqual(marksOf({ thp_file_alloc: 4 }), [12, undefined, undefined, undefined]);
  });

  test('that are no numbers are not known', () => {
    assert.deepEqual(marksOf({}, 'x\n'), [12, undefined, undefined, undefined]);
  });

  test('of a process that cannot be read are not known', () => {
    const host = new ScriptedHost([9]);
    host.alive = false;
    assert.equal('faults' in marksNow(host, ME, observer().eyes, []), false);
  });
});

const marks = (given: Partial<Marks> = {}): Marks => ({ ...ME, atMs: 0, controls: [], ...given });
const betweenLooks = (then: Partial<Marks>, now: Partial<Marks>, own = 0, eyes = observer().eyes) =>
  evidence(marks(then), marks(now), eyes, 3, own);

describe('between two looks', () => {
  test('what grew is counted, what shrank is nothing, what is not known twice is not known', () => {
    const { found, faults, hugeFaults, khugepaged } = betweenLooks(
      { faults: 10, hugeFaults: 9, khugepaged: 1 },
      { faults: 14, hugeFaults: 4 },
    );
    assert.deepEqual([found, faults, hugeFaults, khugepaged], [3, 4, 0, undefined]);
    assert.equal(betweenLooks({}, { faults: 4 }).faults, undefined);
  });

  test('collapses that neither khugepaged nor Octavo made were asked for', () => {
    const asked = (then: Partial<Marks>, now: Partial<Marks>, own: number) =>
      betweenLooks(then, now, own).asked;
    assert.equal(asked({ collapses: 10, khugepaged: 5 }, { collapses: 20, khugepaged: 8 }, 3), 4);
    assert.equal(asked({ collapses: 10 }, { collapses: 20 }, 3), 7);
    assert.equal(asked({ collapses: 10, khugepaged: 5 }, { collapses: 12, khugepaged: 8 }, 0), 0);
    assert.equal(asked({}, { collapses: 12 }, 0), undefined);
  });

  test('a huge page that is none any more, or has other frames, was replaced', () => {
    const { eyes } = observer((block) => {
      if (block === 2) return { level: 'pte' };
      return block === 3 ? { firstFrame: 7 } : {};
    });
    const controls = [1, 2, 3, 4].map((block) => [block, block * 512] as const);
    assert.deepEqual(betweenLooks({ controls }, {}, 0, eyes).controls, { seen: 4, replaced: 2 });
  });
});

describe('who did it', () => {
  const seen = (given: Partial<Evidence>): Evidence => ({
    ...{ found: 10, faults: 500, hugeFaults: 500, khugepaged: 0, asked: 0 },
    controls: { seen: 0, replaced: 0 },
    ...given,
  });
  const who = (given: Partial<Evidence>) => attribute(seen(given)).by.who;
  const why = (given: Partial<Evidence>) => attribute(seen(given)).why;

  test('four other huge pages are enough to tell, half of them new, or none', () => {
    const of = (all: number, replaced: number) => who({ khugepaged: 10, controls: { seen: all, replaced } });
    assert.deepEqual([of(4, 2), of(4, 1), of(4, 0), of(3, 3)], ['process', 'unknown', 'kernel', 'unknown']);
  });

  test('others account for all that is huge again, or for not enough', () => {
    const untouched = { seen: 8, replaced: 0 };
    const of = (khugepaged: number | undefined, asked: number | undefined) =>
      who({ khugepaged, asked, controls: untouched });
    assert.equal(of(10, undefined), 'kernel');
    assert.equal(of(9, undefined), 'unknown');
    assert.equal(of(undefined, 10), 'unknown', 'asked, or khugepaged uncounted');
    assert.match(why({ khugepaged: 0, asked: 10, controls: untouched }), /asked the kernel/);
    assert.equal(
      why({ khugepaged: 0, asked: 9, controls: untouched }).startsWith('the process mapped'),
      true,
    );
  });

  test('a tenth of what was found is too little to have been it, a little more is not', () => {
    assert.equal(who({ khugepaged: 1, faults: 500 }), 'process');
    assert.equal(who({ found: 9, khugepaged: 1, faults: 500 }), 'unknown');
    assert.equal(who({ khugepaged: 10, asked: 1, faults: 0 }), 'kernel');
    assert.equal(who({ khugepaged: 10, asked: 2, faults: 0 }), 'unknown');
  });

  test('the other huge pages are told of where they say something', () => {
    const told = (all: number, replaced: number) =>
      /other huge pages/.test(why({ controls: { seen: all, replaced } }));
    assert.deepEqual([told(4, 1), told(4, 0), told(3, 3)], [true, false, false]);
  });
});

test('of a process whose stat says nothing readable no faults are known', () => {
  const host = new ScriptedHost([9]);
  const { readText } = host.files;
  host.files.readText = (path) => (path.endsWith('/stat') ? { ok: true, value: 'x' } : readText(path));
  assert.equal(marksNow(host, ME, observer().eyes, []).faults, undefined);
});
