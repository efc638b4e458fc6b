/** Runs a policy on what is known of one process. */
import { checkedParameters, KINDS, kindNamed } from '../config/kinds.js';
import { hostFacts } from '../cycle/policy-facts.js';
import type { Host } from '../host/host.js';
import { DEFAULT_PARAMETERS } from '../policies/policy.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import { blockToPage, pageToAddress } from '../vocabulary/units.js';
import type { Decided, DecideOptions, Decision } from './nouns.js';

/**
 * Asks the policy of this name. Throws KIND_UNKNOWN or PARAMETER_INVALID. Beliefs of earlier turns are not used: every call
 * decides from what it is given, and from the CPU and the THP settings of `host`.
 */
export function decideOn(host: Host, policy: string, options: DecideOptions): Decided {
  const { sizes, heat, parameters = {}, splitOrders = [0] } = options;
  const kind = kindNamed('policy', KINDS.policies, policy);
  const made = kind.make(checkedParameters(kind, policy, parameters));
  const {
    proposals,
    passedOver,
    notes = [],
  } = made.propose({
    sizes,
    heat,
    parameters: { ...DEFAULT_PARAMETERS, splitOrders },
    facts: hostFacts({ host, settings: readThpSettings(host) }),
  });
  return {
    decisions: proposals.map((proposal) => decisionOf(proposal, sizes)),
    passedOver: passedOver.map(({ why, blocks }) => ({ why, blocks })),
    notes,
  };
}

function decisionOf(proposal: Proposal, { geometry }: PageSizes): Decision {
  const { process, block, action, targetOrder, reason, gain, cost } = proposal;
  return {
    pid: process.pid,
    address: pageToAddress(blockToPage(block, geometry), geometry),
    bytes: geometry.blockBytes,
    action,
    targetOrder,
    reason,
    returnedBytes: gain.returnedBytes,
    grownBytes: cost.grownBytes,
    durationUs: cost.durationUs,
  };
}
