/**
 * Pages that no process maps, held by a folio whose other pages are mapped: counted once, in every shape that a process can
 * leave its memory in, on this kernel and on the model of each release, and given back by a split.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { observe } from '../../src/verification/observe.js';
import { rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import type { Machine } from '../differential/test-machine.js';
import { fourBlocks, must, type Prepared, recordingOf, STAGES, type Stage } from './stages.js';

interface Shape {
  readonly name: string;
  /** What the process does to block 1, which is huge and full. */
  readonly make: (machine: Machine) => Promise<void>;
  /** Unmapped pages by block, beginning with the first. */
  readonly unmapped: readonly number[];
  readonly shared?: boolean;
}

const drop = (from: number, pages: number) => (machine: Machine) =>
  must(machine.advise({ from, pages }, 'MADV_DONTNEED'));

const SHAPES: readonly Shape[] = [
  { name: 'a whole huge page', make: async () => undefined, unmapped: [0, 0, 0, 0] },
  { name: 'the first pages left', make: drop(512 + 8, 504), unmapped: [0, 504, 0, 0] },
  { name: 'only the last page left', make: drop(512, 511), unmapped: [0, 511, 0, 0] },
  { name: 'a hole of one page', make: drop(512 + 77, 1), unmapped: [0, 1, 0, 0] },
  {
    name: 'what is left lies in several mappings',
    make: async (machine) => {
      await drop(512 + 8, 504)(machine);
      await must(machine.protect({ from: 512 + 4, pages: 1 }, 'r'));
    },
    unmapped: [0, 504, 0, 0],
  },
  {
    name: 'a part was moved and the rest is gone',
    make: async (machine) => {
      await must(machine.unmap({ from: 3 * 512 + 100, pages: 4 }));
      await must(machine.move({ from: 512 + 16, pages: 4 }, 3 * 512 + 100));
      await drop(512, 16)(machine);
      await drop(512 + 20, 492)(machine);
    },
    unmapped: [0, 0, 0, 508],
  },
  {
    name: 'a part was moved, another stayed',
    make: async (machine) => {
      await must(machine.unmap({ from: 3 * 512 + 100, pages: 4 }));
      await must(machine.move({ from: 512 + 16, pages: 4 }, 3 * 512 + 100));
      await drop(512 + 20, 492)(machine);
    },
    unmapped: [0, 492, 0, 0],
  },
  {
    name: 'a child maps all of it',
    make: async (machine) => {
      await must(machine.fork());
      await drop(512 + 8, 504)(machine);
    },
    unmapped: [0, 0, 0, 0],
    shared: true,
  },
  {
    name: 'a child maps what is left',
    make: async (machine) => {
      await drop(512 + 8, 504)(machine);
      await must(machine.fork());
    },
    unmapped: [0, 504, 0, 0],
    shared: true,
  },
  {
    name: 'a child had it and ended',
    make: async (machine) => {
      await must(machine.fork());
      await drop(512 + 8, 504)(machine);
      await must(machine.reap());
    },
    unmapped: [0, 504, 0, 0],
  },
];

for (const stage of STAGES) {
  describe(`partly unmapped huge pages on ${stage.name}`, { skip: stage.skip }, () => {
    for (const shape of SHAPES)
      it(`counts ${shape.name}`, () =>
        on(stage, async ({ machine, firstBlock }) => {
          await shape.make(machine);
          const seen = blocksOf(machine.host, machine.pid, firstBlock);
          assert.deepEqual(
            seen.map(({ unmapped }) => unmapped),
            shape.unmapped,
          );
          if (shape.shared) assert.ok(seen[1].shared, 'another process maps pages of the folio');
        }));

    it('counts the same on a recording', () =>
      on(stage, async ({ machine: { host, pid }, machine, firstBlock }) => {
        await drop(512 + 8, 504)(machine);
        const recorded = await recordingOf(host, async (recorder) => void observe(recorder, pid));
        assert.equal(blocksOf(recorded, pid, firstBlock)[1].unmapped, 504);
      }));
  });
}

function blocksOf(host: Machine['host'], pid: number, firstBlock: number) {
  const { blocks } = observe(host, pid).sizes;
  return [0, 1, 2, 3].map((index) => {
    const first = rowOfBlock(blocks, firstBlock + index);
    let unmapped = 0;
    let shared = false;
    for (let row = first; row >= 0 && row < blocks.count && blocks.block[row] === firstBlock + index; row++) {
      unmapped += blocks.unmapped[row];
      shared ||= (blocks.flags[row] & 1) !== 0;
    }
    return { unmapped, shared };
  });
}

async function on(stage: Stage, act: (prepared: Prepared) => Promise<void>): Promise<void> {
  const prepared = await fourBlocks(stage);
  try {
    await act(prepared);
  } finally {
    await prepared.machine.end();
  }
}
