/** Tables of kinds for the documents: what each is, and its options. */
import { optionWords } from '../vocabulary/field.js';
import { type Catalogue, fieldsOf, type Kind, unionOf } from '../vocabulary/kind.js';
import { fallbackWords } from './kind-flags.js';

/** A Markdown table of the kinds of one role; `role` heads its first column. */
export function kindTable(role: string, kinds: Catalogue): string {
  const rows = Object.entries(kinds).map(
    ([name, kind]) => `| \`${name}\` | ${kind.brief} | ${optionsOf(name, kind, kinds)} |`,
  );
  return [`| ${role} | does | options |`, '| --- | --- | --- |', ...rows].join('\n');
}

/** Of a composed kind only those that differ from what its parts have. */
function optionsOf(name: string, kind: Kind, kinds: Catalogue): string {
  if (kind.parts === undefined) return optionList(name, kinds).join('; ');
  const inherited = new Set(
    Object.entries(kind.parts).flatMap(([part]) => optionList(part, kind.parts ?? {})),
  );
  const own = optionList(name, kinds).filter((option) => !inherited.has(option));
  return ['those of its parts', ...own].join('; ');
}

function optionList(name: string, kinds: Catalogue): readonly string[] {
  return fieldsOf(kinds[name].parameters).map((field) => {
    const [shared] = unionOf({ [name]: kinds[name] }).filter((one) => one.name === field.name);
    return `\`--${optionWords(field.option)}\`: ${field.brief}${fallbackWords(shared)}`;
  });
}
