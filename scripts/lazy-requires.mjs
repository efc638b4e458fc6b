// A plugin for rolldown: a file of the bundle is loaded when something of it is used, not when another file names it.
// `const require_x = require("./x.js")` becomes a function that does so once, and each use of it a call. And what is
// imported by `import("./x.js")` is required, too: Node's loader of modules takes longer to get ready than a command.

const NAMED = /^(?:const|let|var) (require_\w+) = require\("(\.\/[^"]+)"\);$/gm;

const IMPORTED = /\bimport\(("\.\/[^"]+\.js")\)/g;

export function lazyRequires() {
  return {
    name: 'lazy-requires',
    // Before names are made short: here each is unique in its file.
    renderChunk(code) {
      const names = [];
      const declared = code.replace(NAMED, (_, name, path) => {
        names.push(name);
        return `let ${name}$loaded;\nconst ${name} = () => ${name}$loaded ??= require("${path}");`;
      });
      // In brackets, so that `new require_x.Y()` makes a Y.
      const required = declared.replace(IMPORTED, 'Promise.resolve().then(() => require($1))');
      return names.reduce(
        (text, name) => text.replace(new RegExp(`(?<![\\w$])${name}(?=\\.[A-Za-z_$])`, 'g'), `(${name}())`),
        required,
      );
    },
  };
}
