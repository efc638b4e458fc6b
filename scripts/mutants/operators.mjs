// What a careless hand could do to a program: each operator finds its places in a parsed file and says what to write
// there. A mutant is one replacement of source text.
import { parse } from 'acorn';
import { ancestor } from 'acorn-walk';

const COMPARISONS = { '<': '<=', '<=': '<', '>': '>=', '>=': '>', '===': '!==', '!==': '===' };
const ARITHMETIC = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '**': '*' };
const BITS = { '&': '|', '|': '&', '^': '&', '<<': '>>', '>>': '<<', '>>>': '<<' };
const LOGIC = { '&&': '||', '||': '&&' };
const METHODS = { min: 'max', max: 'min', floor: 'ceil', ceil: 'floor', some: 'every', every: 'some' };

/** Operators by name, with what they imitate. */
export const OPERATORS = {
  comparison: 'the other side of a boundary, or the opposite',
  condition: 'the opposite of a condition',
  guard: 'a guard that returns, throws or goes on is left out',
  logic: 'and for or',
  default: 'the default behind ?? is dropped',
  chain: 'the question mark of ?. is dropped',
  arithmetic: 'plus for minus, times for divided by',
  bits: 'and for or, left for right, of bits',
  assignment: 'plus for minus in an assignment',
  update: '++ for --',
  number: 'a constant is one too large',
  boolean: 'true for false',
  not: 'the ! or - before a value is dropped',
  catch: 'an error is swallowed',
  finally: 'what had to be put back is not',
  call: 'a call for its effect is left out',
  method: 'min for max, floor for ceil, some for every',
};

/**
 * Every mutant of one compiled file, in order: `{ operator, start, end, replacement, at }`, offsets in characters. `at` is where
 * the expression begins that it is part of: V8 does not count what stands behind a `?.` or `&&` that goes no further.
 * Throws a SyntaxError when the text is not a module.
 */
export function mutantsOf(text) {
  const tree = parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const found = [];
  const add = (operator, start, end, replacement, at = start) =>
    found.push({ operator, start, end, replacement, at });
  const between = (left, right, operator, kind, replacement) => {
    const at = text.indexOf(operator, left.end);
    if (at >= 0 && at < right.start) add(kind, at, at + operator.length, replacement, left.start);
  };
  const source = (node) => text.slice(node.start, node.end);
  ancestor(tree, {
    BinaryExpression({ left, right, operator }) {
      if (operator in COMPARISONS) between(left, right, operator, 'comparison', COMPARISONS[operator]);
      else if (operator in BITS) between(left, right, operator, 'bits', BITS[operator]);
      else if (operator in ARITHMETIC && !isText(left) && !isText(right))
        between(left, right, operator, 'arithmetic', ARITHMETIC[operator]);
    },
    LogicalExpression({ left, right, operator, start, end }) {
      if (operator === '??') add('default', start, end, source(left));
      else between(left, right, operator, 'logic', LOGIC[operator]);
    },
    MemberExpression({ object, property, optional }) {
      if (!optional) return;
      const at = text.indexOf('?.', object.end);
      if (at < property.start) add('chain', at, at + 2, text[at + 2] === '[' ? '' : '.', object.start);
    },
    IfStatement({ test, consequent, alternate, start, end }) {
      add('condition', test.start, test.end, `!(${source(test)})`);
      if (alternate === null && leaves(consequent)) add('guard', start, end, ';');
    },
    ConditionalExpression({ test }) {
      add('condition', test.start, test.end, `!(${source(test)})`);
    },
    AssignmentExpression({ left, right, operator }) {
      if (operator === '+=') between(left, right, '+=', 'assignment', '-=');
      if (operator === '-=') between(left, right, '-=', 'assignment', '+=');
    },
    UpdateExpression({ start, end, argument, operator, prefix }) {
      const other = operator === '++' ? '--' : '++';
      if (prefix) add('update', start, start + 2, other);
      else add('update', argument.end, end, other);
    },
    UnaryExpression({ start, argument, operator }) {
      if (operator === '!' || (operator === '-' && argument.type !== 'Literal'))
        add('not', start, argument.start, '');
    },
    Literal({ value, bigint, start, end }, _state, ancestors) {
      if (isKey(ancestors)) return;
      if (typeof value === 'boolean') add('boolean', start, end, String(!value));
      else if (typeof value === 'number') add('number', start, end, String(value + 1));
      else if (bigint) add('number', start, end, `${BigInt(bigint) + 1n}n`);
    },
    TryStatement({ handler, finalizer }) {
      if (handler && handler.body.body.length > 0) add('catch', handler.body.start, handler.body.end, '{}');
      if (finalizer && finalizer.body.length > 0) add('finally', finalizer.start, finalizer.end, '{}');
    },
    ExpressionStatement({ expression, start, end }) {
      const inner = expression.type === 'AwaitExpression' ? expression.argument : expression;
      if (inner.type === 'CallExpression' && inner.callee.type !== 'Super') add('call', start, end, ';');
    },
    CallExpression({ callee }) {
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      if (callee.property.type !== 'Identifier') return;
      const { name, start, end } = callee.property;
      if (Object.hasOwn(METHODS, name)) add('method', start, end, METHODS[name]);
    },
  });
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

function isText(node) {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

/** Numbers that name a property, such as `{ 5: 'a' }`, are not values. */
function isKey(ancestors) {
  const parent = ancestors.at(-2);
  return parent?.type === 'Property' && parent.key === ancestors.at(-1) && !parent.computed;
}

function leaves(statement) {
  const last = statement.type === 'BlockStatement' ? statement.body.at(-1) : statement;
  return ['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement'].includes(last?.type);
}
