import type * as z from 'zod';
import { type Catalogue, composedParameters, ownOf } from '../vocabulary/kind.js';
import type { Policy, PolicyInput, PolicyKind, PolicyOutput } from './policy.js';

/**
 * A kind that asks others in turn; the first proposal for a block stands, later ones for the same block are dropped. Its
 * parameters are those of its links; `other` gives some of them another default.
 */
export function chain(name: string, links: Catalogue<PolicyKind>, other: z.ZodRawShape = {}): PolicyKind {
  return {
    brief: `in turn ${Object.keys(links).join(', ')}; the first to claim a block has it`,
    parameters: composedParameters(links, other),
    parts: links,
    make(all) {
      const made = Object.values(links).map((kind) => kind.make(ownOf(kind.parameters, all)));
      return { name, propose: (input) => inTurn(made, input) };
    },
  };
}

function inTurn(links: readonly Policy[], input: PolicyInput): PolicyOutput {
  const outputs = links.map((link) => link.propose(input));
  const claimed = new Set<number>();
  const proposals = outputs
    .flatMap((output) => output.proposals)
    .filter(({ block }) => !claimed.has(block) && claimed.add(block));
  return { proposals, passedOver: outputs.flatMap((output) => output.passedOver) };
}
