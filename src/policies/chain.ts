import type { Policy, PolicyInput, PolicyOutput } from './policy.js';

/** Asks policies in turn; the first proposal for a block stands, later ones for the same block are dropped. */
export function chain(name: string, links: readonly Policy[]): Policy {
  return {
    name,
    brief: `in turn ${links.map((link) => link.name).join(', ')}; the first to claim a block has it`,
    propose(input: PolicyInput): PolicyOutput {
      const outputs = links.map((link) => link.propose(input));
      const claimed = new Set<number>();
      const proposals = outputs
        .flatMap((output) => output.proposals)
        .filter(({ block }) => !claimed.has(block) && claimed.add(block));
      return { proposals, passedOver: outputs.flatMap((output) => output.passedOver) };
    },
  };
}
