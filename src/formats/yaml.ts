/** YAML as people write it, with the line of whatever is wrong, in Octavo's words instead of the library's. */
import { type Document, LineCounter, type ParseOptions, parseDocument, type YAMLError } from 'yaml';
import { failure, type Result, success } from '../base/result.js';

/** What is wrong with a text, and where; both count from 1. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

/** A parsed text, with what finds the line of each of its nodes. */
export interface YamlText {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  /** The value as plain data. */
  readonly value: unknown;
}

/** More uses of anchors than this are an attack on memory, not a parameter file. */
const MOST_ALIASES = 100;

const PROBLEMS: Partial<Record<YAMLError['code'], string>> = {
  ALIAS_PROPS: 'an alias cannot have properties',
  BAD_ALIAS: 'this alias is not well formed',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes',
  BAD_INDENT: 'the indentation is wrong',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'a text that begins so must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a key and a list or map are on one line',
  BLOCK_IN_FLOW: 'lines of a block cannot stand inside brackets',
  DUPLICATE_KEY: 'this key is given twice',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 letters',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing',
  MULTIPLE_ANCHORS: 'two anchors on one value',
  MULTIPLE_DOCS: 'a second document begins here; one file holds one',
  MULTIPLE_TAGS: 'two tags on one value',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line',
  TAB_AS_INDENT: 'indented with a tab instead of spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag',
  UNEXPECTED_TOKEN: 'something here does not belong here',
};

/** Parses one document. JSON is YAML as well. */
export function parseYaml(
  text: string,
  options: ParseOptions & { intAsBigInt?: boolean } = {},
): Result<YamlText, YamlProblem> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    ...options,
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    return failure({ line, column: col, problem: PROBLEMS[error.code] ?? 'is not well formed YAML' });
  }
  try {
    return success({ document, lines, value: document.toJS({ maxAliasCount: MOST_ALIASES }) });
  } catch {
    // The library resolves aliases only now: one that has no anchor, or too many of them.
    return failure({ line: 1, column: 1, problem: 'uses an anchor that is not there, or anchors too often' });
  }
}
