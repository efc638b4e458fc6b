// Source text with a mark at every place where a run may turn off, so that what each single test runs is known at little
// cost: a store into an array each. V8's own counting slows hot loops down twentyfold.
import { parse } from 'acorn';
import { full } from 'acorn-walk';

/**
 * `{ text, spans }`: the text that sets `globalThis.octavoReach[index][k]` where it runs, and the span of each mark k as a flat list
 * start, end, start, end …, offsets in the text as it was. Lines stay what they are.
 */
export function probed(text, index) {
  const tree = parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const spans = [];
  const edits = [];
  const mark = ({ start, end }) => `octavoMark[${spans.push(start, end) / 2 - 1}]=1`;
  const inBlock = (block) => edits.push({ at: block.start + 1, text: `${mark(block)};`, opens: block.end });
  const wrap = (node, open, between, close) => {
    edits.push({ at: node.start, text: `${open}${mark(node)}${between}`, opens: node.end });
    edits.push({ at: node.end, text: close, closes: node.start });
  };
  const expression = (node) => {
    if (node && !/^(Arrow)?FunctionExpression$|^ClassExpression$/.test(node.type)) wrap(node, '(', ',', ')');
  };
  const statement = (node) => {
    if (!node || node.type === 'BlockStatement' || node.type === 'EmptyStatement') return;
    wrap(node, '{', ';', '}');
  };
  const list = (statements) => {
    for (const node of statements)
      if (!/^(Import|Export)/.test(node.type))
        edits.push({ at: node.start, text: `${mark(node)};`, opens: node.end });
  };
  const found = [];
  full(tree, (node) => found.push(node));
  // Outer marks first, so that of marks at one place the inner one stands behind.
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  for (const node of new Set(found)) {
    if (node.type === 'Program') list(node.body);
    else if (node.type === 'BlockStatement' || node.type === 'StaticBlock') {
      if (node.type === 'BlockStatement') inBlock(node);
      list(node.body.slice(1));
    } else if (node.type === 'SwitchCase') list(node.consequent);
    else if (node.type === 'IfStatement') for (const one of [node.consequent, node.alternate]) statement(one);
    else if (/^(For|ForIn|ForOf|While|DoWhile)Statement$/.test(node.type)) statement(node.body);
    else if (node.type === 'ConditionalExpression')
      for (const one of [node.consequent, node.alternate]) expression(one);
    else if (node.type === 'LogicalExpression' || node.type === 'AssignmentPattern') expression(node.right);
    else if (node.type === 'ArrowFunctionExpression' && node.expression) expression(node.body);
    else if (node.type === 'PropertyDefinition') expression(node.value);
  }
  const head = `const octavoMark=(globalThis.octavoReach??=[])[${index}]??=new Uint8Array(${spans.length / 2});`;
  return { text: text.startsWith('#!') ? text : head + edited(text, edits), spans };
}

function edited(text, edits) {
  // At one place first what ends there, the innermost first, then what begins, the outermost first.
  const order = edits
    .map((edit, made) => ({ ...edit, made }))
    .sort(
      (a, b) =>
        a.at - b.at ||
        (a.opens === undefined ? 0 : 1) - (b.opens === undefined ? 0 : 1) ||
        (a.opens === undefined
          ? b.closes - a.closes || b.made - a.made
          : b.opens - a.opens || a.made - b.made),
    );
  let at = 0;
  let out = '';
  for (const edit of order) {
    out += text.slice(at, edit.at) + edit.text;
    at = edit.at;
  }
  return out + text.slice(at);
}

/** The innermost mark whose span holds a place, or -1. */
export function markAt(spans, place) {
  let best = -1;
  let width = Number.POSITIVE_INFINITY;
  for (let k = 0; k < spans.length / 2; k++) {
    const [start, end] = [spans[2 * k], spans[2 * k + 1]];
    if (start <= place && place < end && end - start <= width) [best, width] = [k, end - start];
  }
  return best;
}

/** Marks that are set, as text: a bit each. */
export function packed(marks) {
  const bytes = Buffer.alloc(Math.ceil(marks.length / 8));
  for (let k = 0; k < marks.length; k++) if (marks[k]) bytes[k >> 3] |= 1 << (k & 7);
  return bytes.toString('base64');
}

export const isSet = (text, k) => (Buffer.from(text, 'base64')[k >> 3] & (1 << (k & 7))) !== 0;
