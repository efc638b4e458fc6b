/** A JSON Schema of the configuration, for editors: completion, descriptions, and red lines under what is wrong. */
import { type Field, fieldsOf } from '../../vocabulary/kind.js';
import { acceptedWords } from './check.js';
import type { Section } from './section.js';
import { CONFIGURATION } from './sections.js';

type Json = Readonly<Record<string, unknown>>;

/** Returns the schema (draft 07) as `octavo config schema` prints it. */
export function configurationSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of octavo agent',
    ...schemaOf(CONFIGURATION),
  };
}

function schemaOf(section: Section): Json {
  const fields = fieldsOf(section.fields);
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    description: section.brief,
    properties: {
      ...Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
      ...mapped(section.sections, schemaOf),
      ...mapped(section.lists, (inner) => ({
        type: 'array',
        description: inner.brief,
        items: schemaOf(inner),
      })),
    },
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
  };
}

function mapped(sections: Section['sections'] = {}, make: (section: Section) => Json): Json {
  return Object.fromEntries(Object.entries(sections).map(([key, section]) => [key, make(section)]));
}

function fieldSchema(field: Field): Json {
  const description = `${field.brief}; ${acceptedWords(field)}`;
  const fallback = field.fallback === undefined ? {} : { default: field.fallback };
  return { description, ...fallback, ...valueSchema(field) };
}

function valueSchema({ spelling }: Field): Json {
  switch (spelling.type) {
    case 'quantity':
      return { type: ['number', 'string'] };
    case 'switch':
      return { type: 'boolean' };
    case 'choice':
      return { enum: spelling.values };
    case 'text': {
      const text = { type: ['string', 'number'] };
      return spelling.isList ? { anyOf: [text, { type: 'array', items: text }] } : text;
    }
  }
}
