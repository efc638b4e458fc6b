/** More regions than the kernel's own buffer of PAGEMAP_SCAN holds (512), and than Octavo's (8192): each counted once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { observe } from '../../src/verification/observe.js';
import { rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import { must, STAGES } from './stages.js';

for (const stage of STAGES) {
  describe(`scattered pages on ${stage.name}`, { skip: stage.skip }, () => {
    for (const blocks of [4, 40])
      it(`counts every second page of ${blocks} blocks once`, async () => {
        const machine = await stage.open(blocks);
        try {
          const { pagesPerBlock } = machine.host.identity.geometry;
          await must(machine.advise({ from: 0, pages: blocks * pagesPerBlock }, 'MADV_NOHUGEPAGE'));
          await must(machine.write({ from: 0, pages: blocks * pagesPerBlock }, 2));
          const { sizes } = observe(machine.host, machine.pid);
          const first = machine.firstPage / pagesPerBlock;
          const seen = Array.from({ length: blocks }, (_, at) => {
            const row = rowOfBlock(sizes.blocks, first + at);
            const rows = sizes.blocks.block.filter((block) => block === first + at).length;
            return [sizes.blocks.present[row], rows];
          });
          assert.deepEqual(
            seen,
            Array.from({ length: blocks }, () => [pagesPerBlock / 2, 1]),
          );
        } finally {
          await machine.end();
        }
      });
  });
}
