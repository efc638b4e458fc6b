import { MAPPING_LEVEL } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import { Findings } from './findings.js';
import type { PolicyInput, PolicyOutput } from './policy.js';

/** A verdict on one row: a proposal, or undefined after the reason went to the findings. */
export type Judge = (input: PolicyInput, row: number, findings: Findings) => Proposal | undefined;

/** Asks a judge about every block that is mapped at a level and has memory behind it. */
export function judgeEach(
  policy: string,
  input: PolicyInput,
  level: keyof typeof MAPPING_LEVEL,
  judge: Judge,
): PolicyOutput {
  const { blocks, process } = input.sizes;
  const findings = new Findings(policy, process);
  const proposals: Proposal[] = [];
  for (let row = 0; row < blocks.count; row++) {
    if (blocks.level[row] !== MAPPING_LEVEL[level] || blocks.present[row] === 0) continue;
    const proposal = judge(input, row, findings);
    if (proposal) proposals.push(proposal);
  }
  return { proposals, passedOver: findings.passedOver() };
}
