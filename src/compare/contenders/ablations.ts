/** A policy of ours with each of its parts switched off in turn: what a part brings is what is lost without it. */
import { POLICIES } from '../../policies/kinds/catalogue.js';
import type { PolicyKind } from '../../policies/policy.js';
import { optionWords } from '../../vocabulary/field.js';
import { fieldsOf } from '../../vocabulary/kind.js';
import type { Contender } from './contender.js';

/** Between the name of a policy and the part that it lacks. */
const WITHOUT = '-without-';

/** One contender for each switch of the policy that is on by itself; none where it has no such parts. */
export function ablationsOf(
  whole: Contender,
  kind: PolicyKind | undefined = kindOf(whole.name),
): readonly Contender[] {
  if (kind === undefined) return [];
  return fieldsOf(kind.parameters)
    .filter(({ spelling, fallback }) => spelling.type === 'switch' && fallback === true)
    .map(({ name, brief }) => ({
      ...whole,
      name: `${whole.name}${WITHOUT}${optionWords(name)}`,
      brief: `${whole.name} without: ${brief}`,
      rule: (place) => ({
        kind,
        parameters: { ...whole.rule?.(place).parameters, [name]: false },
        samples: true,
      }),
    }));
}

function kindOf(name: string): PolicyKind | undefined {
  const kinds: Readonly<Record<string, PolicyKind>> = POLICIES;
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}
