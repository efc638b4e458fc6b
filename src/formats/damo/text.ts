/** The text of a damo file, JSON or YAML (which contains JSON), with the line of a problem. */
import type { Document, LineCounter } from 'yaml';
import { failure, type Result } from '../../base/result.js';
import { parseYaml } from '../yaml.js';
import { type DamoFile, parseDamoFile } from './parse.js';
import type { FileProblem } from './reader.js';

/** Parses the text of a damo file. A problem names line and column, or the field. */
export function parseDamoText(text: string): Result<DamoFile, FileProblem> {
  // Counts up to 2^64 − 1 are common, and exact only as bigint.
  const yaml = parseYaml(text, { intAsBigInt: true });
  if (!yaml.ok) {
    const { line, column, problem } = yaml.error;
    return failure({ problem, place: `line ${line}, column ${column}` });
  }
  const { document, lines, value } = yaml.value;
  const parsed = parseDamoFile(value);
  if (parsed.ok) return parsed;
  const line = lineOf(document, lines, parsed.error.place);
  return failure({
    ...parsed.error,
    place: line ? `${parsed.error.place} (line ${line})` : parsed.error.place,
  });
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
