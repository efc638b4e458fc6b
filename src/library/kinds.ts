/** What policies there are, for programs that offer them by name. */
import { KINDS, kindNamed } from '../config/kinds.js';
import { fieldsOf } from '../vocabulary/kind.js';
import type { PolicyFacts } from './nouns.js';

/** Every policy with its parameters, in the order of the command line's help. */
export function policies(): readonly PolicyFacts[] {
  return Object.keys(KINDS.policies).map((name) => {
    const { brief, parameters } = kindNamed('policy', KINDS.policies, name);
    const fields = fieldsOf(parameters).map((field) => ({
      name: field.name,
      brief: field.brief,
      fallback: field.fallback,
    }));
    return { name, brief, parameters: fields };
  });
}
