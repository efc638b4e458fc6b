// Loads a file of the bundle that is kept compressed; the bundle has it as unpack.js.
const { readFileSync } = require('node:fs');
const { brotliDecompressSync } = require('node:zlib');

exports.load = (module) => {
  const code = brotliDecompressSync(readFileSync(`${module.filename}.br`)).toString();
  module._compile(code, module.filename);
};
