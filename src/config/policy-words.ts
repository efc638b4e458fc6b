/** Policies and their parameters as scenarios name them. */
import type { PolicyParameters } from '../policies/policy.js';
import { type Given, KINDS, wrongParameter } from './kinds.js';

/** Names of the policies that a scenario may name. */
export const POLICY_NAMES = Object.keys(KINDS.policies);

/** Whether there is a policy of this name. */
export function isPolicyName(name: string): boolean {
  return Object.hasOwn(KINDS.policies, name);
}

type Order = PolicyParameters['order'];

/** What a scenario says of a policy, as a request takes it: its own parameters, and the order that holds for any. */
export function separated({ order, ...own }: Given): { readonly own: Given; readonly order: Order } {
  return { own, order: order as Order };
}

/** The first parameter that this policy does not have, or with a value that it cannot have. */
export function wrongPolicyParameter(policy: string, parameters: Given): ReturnType<typeof wrongParameter> {
  const { own, order } = separated(parameters);
  const isOrder = order === undefined || (Number.isInteger(order) && order >= 0 && order <= MOST_ORDER);
  if (!isOrder) return { name: 'order', problem: `must be an order from 0 to ${MOST_ORDER}` };
  return wrongParameter(KINDS.policies[policy], own, ['order']);
}

/** That of the model's huge pages is not larger. */
const MOST_ORDER = 8;
