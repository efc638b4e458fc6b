/** A story as JSON: its words, tables and the numbers behind its figures, without the drawings. */
import type { Part, Story } from '../../reports/story/story.js';

/** Returns the document `story`, version 1. */
export function storyDocument({ sections, ...story }: Story): object {
  return {
    octavo: 'story',
    version: 1,
    ...story,
    sections: sections.map(({ parts, ...section }) => ({ ...section, parts: parts.map(partDocument) })),
  };
}

function partDocument(part: Part): object {
  if (part.kind !== 'figure') return part;
  const { name, title, about, caption, numbers } = part.figure;
  return { kind: 'figure', name, title, about, caption, numbers };
}
