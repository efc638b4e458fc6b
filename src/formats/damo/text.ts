/** The text of a damo file, JSON or YAML (which contains JSON), with the line of a problem. */
import { type Document, LineCounter, parseDocument } from 'yaml';
import { parseJson } from '../../base/json-text.js';
import { failure, type Result } from '../../base/result.js';
import { type DamoFile, parseDamoFile } from './parse.js';
import type { FileProblem } from './reader.js';

export function parseDamoText(text: string): Result<DamoFile, FileProblem> {
  const lines = new LineCounter();
  // Counts up to 2^64 − 1 are common, and exact only as bigint.
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: true, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    // What begins like JSON was meant to be JSON, whose faults are told more exactly.
    const json = /^\s*[{[]/.test(text) ? parseJson(text) : undefined;
    if (json !== undefined && !json.ok) return json;
    const { line, col } = lines.linePos(error.pos[0]);
    const problem = `is neither JSON nor YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
    return failure({ problem, place: `line ${line}, column ${col}` });
  }
  const parsed = treeOf(document);
  if (parsed.ok) return parsed;
  const line = lineOf(document, lines, parsed.error.place);
  return failure({
    ...parsed.error,
    place: line ? `${parsed.error.place} (line ${line})` : parsed.error.place,
  });
}

function treeOf(document: Document.Parsed): Result<DamoFile, FileProblem> {
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch {
    // The tree is sound; what cannot be made of it are aliases without end or without an anchor.
    return failure({ problem: 'has aliases that cannot be resolved, or too many', place: 'top level' });
  }
  return parseDamoFile(tree);
}

/** Line of the value at `kdamonds[0].contexts[0]`, or of the nearest thing around it that is there. */
function lineOf(document: Document.Parsed, lines: LineCounter, place: string): number | undefined {
  const path = [...place.matchAll(/[^.[\]]+/g)].map(([key]) => (/^\d+$/.test(key) ? Number(key) : key));
  // A list of schemes alone is called `schemes` in places.
  if (path[0] === 'schemes' && !document.has('schemes')) path.shift();
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: readonly number[] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
