/** What every policy promises, on memory drawn at random. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { POLICIES, type PolicyName } from '../../src/policies/kinds/catalogue.js';
import {
  DEFAULT_PARAMETERS,
  type PolicyInput,
  type PolicyKind,
  policyOf,
} from '../../src/policies/policy.js';
import { wholeMapping } from '../../src/vocabulary/page-sizes.js';
import { ProposalSchema } from '../../src/vocabulary/plan.js';
import { FIRST_BLOCK, hotMap, PROCESS, pageSizes } from '../support/drawing.js';
import fc from '../support/properties.js';

const block = fc.constantFrom('H', 'h', '.', '4', '4*480', '4*20', '2', '5');
const hits = fc.array(fc.tuple(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 1, max: 40 })), {
  maxLength: 60,
});

const drawn = fc
  .record({
    blocks: fc.array(block, { minLength: 1, maxLength: 8 }),
    samples: fc.dictionary(fc.constantFrom('0', '1', '2', '3'), hits),
    filled: fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.integer({ min: 0, max: 512 })),
    shmem: fc.boolean(),
    heat: fc.boolean(),
    splitOrders: fc.constantFrom([0], [0, 2, 3, 4, 5, 6, 7, 8]),
  })
  .map(({ blocks, samples, filled, shmem, heat, splitOrders }): PolicyInput => {
    const all = blocks.map((_, index) => FIRST_BLOCK + index);
    return {
      sizes: pageSizes(blocks, { kind: shmem ? 'shmem' : 'anon' }),
      heat: heat ? hotMap({ samples, filled }) : undefined,
      parameters: {
        ...DEFAULT_PARAMETERS,
        splitOrders,
        named: [{ pid: PROCESS.pid, split: all, collapse: all }],
      },
    };
  });

for (const name of Object.keys(POLICIES) as PolicyName[]) {
  const kind: PolicyKind = POLICIES[name];
  const policy = policyOf(
    kind,
    'collapseByResidency' in kind.parameters.shape ? { collapseByResidency: true } : {},
  );
  describe(`policy ${name}`, () => {
    it('has its own name and a line for people', () => {
      assert.equal(policy.name, name);
      assert.ok(kind.brief.length > 20);
    });

    it('proposes valid, reasoned actions on blocks that are there, each block once and never to order 1', () => {
      fc.assert(
        fc.property(drawn, (input) => {
          const { proposals } = policy.propose(input);
          const known = new Set(input.sizes.blocks.block);
          for (const proposal of proposals) {
            assert.deepEqual(ProposalSchema.parse(proposal), proposal);
            // Shared memory can be in the page cache alone.
            const cached = wholeMapping(input.sizes, proposal.block)?.kind === 'shmem';
            assert.ok(known.has(proposal.block) || (proposal.action === 'collapse' && cached));
            assert.ok(proposal.targetOrder !== 1 && proposal.reason.length > 10);
            assert.ok(
              input.parameters.splitOrders.includes(proposal.targetOrder) || proposal.action === 'collapse',
            );
          }
          assert.equal(new Set(proposals.map((proposal) => proposal.block)).size, proposals.length);
        }),
      );
    });

    it('answers the same input the same way and leaves it untouched', () => {
      fc.assert(
        fc.property(drawn, (input) => {
          const before = JSON.stringify(input.sizes);
          assert.deepEqual(policy.propose(input), policy.propose(input));
          assert.equal(JSON.stringify(input.sizes), before);
        }),
        { numRuns: 30 },
      );
    });

    it('passes over a block only with a code, a sentence and a count', () => {
      fc.assert(
        fc.property(drawn, (input) => {
          for (const { why, blocks, examples } of policy.propose(input).passedOver) {
            assert.ok(why.length > 5 && blocks >= examples.length && examples.length > 0);
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}
