// What a loop of assembly/ offers and asks for, as TypeScript: written from its own sources and what its compiler says of
// them, so that no signature is written twice.
import { readFileSync } from 'node:fs';

/** As in biome.json. */
const LINE_WIDTH = 110;

/** How a value of the loop arrives in JavaScript. */
const JS_TYPES = { bool: 'number', i32: 'number', u32: 'number', usize: 'number', f64: 'number' };
const typeOf = (name) => JS_TYPES[name] ?? (/^[iu]64$/.test(name) ? 'bigint' : name);

/**
 * The text of binary.d.ts.
 *
 * @param {string} name Of the loop: its folder in assembly/.
 * @param {string} offered The declarations that the compiler writes (`--bindings raw`).
 * @param {string | undefined} host Path of the loop's host.ts; undefined when it asks for nothing.
 */
export function signatures(name, offered, host) {
  const asked = host === undefined ? [] : functionsOf(readFileSync(host, 'utf8'));
  const parts = [
    `// Written by scripts/build-loops.mjs from assembly/${name}.\n`,
    `/** The loop of assembly/${name}, compiled to WebAssembly by the build; base64. */\nexport declare const BINARY: string;\n`,
    `/** What the loop offers: addresses and sizes in its memory, and functions. */\n${inside('LoopExports', [...globalsOf(offered), ...functionsOf(offered)])}`,
  ];
  if (asked.length > 0)
    parts.push(
      `/** What the loop asks its host for (assembly/${name}/host.ts). */\n${inside('LoopHost', asked)}`,
    );
  return parts.join('\n');
}

const inside = (name, members) =>
  `export interface ${name} {\n${members.map((member) => `${member}\n`).join('')}}\n`;

const globalsOf = (text) =>
  [...text.matchAll(/export const (\w+): \{/g)].map(([, name]) => `  readonly ${name}: WebAssembly.Global;`);

function functionsOf(text) {
  const found = text.matchAll(/export (?:declare )?function (\w+)\(([^)]*)\): (\w+);/g);
  return [...found].map(([, name, list, result]) => {
    const parameters = list.split(', ').filter(Boolean).map(parameter);
    const line = `  ${name}(${parameters.join(', ')}): ${typeOf(result)};`;
    if (line.length <= LINE_WIDTH) return line;
    return `  ${name}(\n${parameters.map((one) => `    ${one},\n`).join('')}  ): ${typeOf(result)};`;
  });
}

function parameter(text) {
  const [name, type] = text.split(': ');
  return `${name}: ${typeOf(type)}`;
}
