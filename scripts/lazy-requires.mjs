// A plugin for rolldown: a file of the bundle is loaded when something of it is used, not when another file names it.
// `const require_x = require("./x.js")` becomes a function that does so once, and each use of it a call. And what is
// imported by `import("./x.js")` is required, too: Node's loader of modules takes longer to get ready than a command.

const NAMED = /^(?:const|let|var) (require_\w+) = require\("(\.\/[^"]+)"\);$/gm;
const BARE = /^require\("\.\/[^"]+"\);$/gm;
const IMPORTED = /\bimport\(("\.\/[^"]+\.js")\)/g;
const EXPORTED =
  /Object\.defineProperty\(exports, ("[^"]+"), \{\s+enumerable: true,\s+get: function\(\) \{\s+return ([^;]+);\s+\}\s+\}\);\s*/g;

export function lazyRequires() {
  return {
    name: 'lazy-requires',
    // Before names are made short: here each is unique in its file.
    renderChunk: (code, { isEntry }) => exportedAtOnce(requiredWhenUsed(isEntry ? code : withoutBare(code))),
  };
}

/** Without files of which nothing is used: what they define came along, or is not needed. */
function withoutBare(code) {
  return code.replace(BARE, '');
}

function requiredWhenUsed(code) {
  const names = [];
  const declared = code.replace(NAMED, (_, name, path) => {
    names.push(name);
    return `let ${name}$loaded;\nconst ${name} = () => ${name}$loaded ??= require("${path}");`;
  });
  const required = declared.replace(IMPORTED, 'Promise.resolve().then(() => require($1))');
  // In brackets, so that `new require_x.Y()` makes a Y.
  return names.reduce(
    (text, name) => text.replace(new RegExp(`(?<![\\w$])${name}(?=\\.[A-Za-z_$])`, 'g'), `(${name}())`),
    required,
  );
}

/** All exports in one table: a call for each takes 100 bytes. */
function exportedAtOnce(code) {
  const getters = [];
  const rest = code.replace(EXPORTED, (_, name, value) => {
    getters.push(`${name}: () => ${value}`);
    return '';
  });
  if (getters.length === 0) return code;
  const table = `{ ${getters.join(', ')} }`;
  return `${rest}\nfor (const [name, get] of Object.entries(${table})) Object.defineProperty(exports, name, { enumerable: true, get });\n`;
}
