/**
 * Exports of the product that are used nowhere but in their own file, or by tests alone: each with who uses it, `product`
 * and `test`. A type that stands in another exported signature of its file counts as used.
 */
export function unusedExports(files) {
  const users = new Map();
  for (const { path, isTest, imports } of files.values())
    for (const { to, names } of imports)
      for (const name of names) {
        const key = `${to}#${name}`;
        if (!users.has(key)) users.set(key, new Set());
        users.get(key).add(isTest || !path.startsWith('src/') ? 'test' : 'product');
      }
  const usersOf = (path, name) =>
    new Set([...(users.get(`${path}#${name}`) ?? []), ...(users.get(`${path}#*`) ?? [])]);
  const product = [...files.values()].filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
  return product
    .flatMap(({ path, exports, words }) =>
      exports
        .filter(({ name }) => words.get(name) === 1)
        .map(({ name, line }) => ({ path, name, line, users: usersOf(path, name) })),
    )
    .filter(({ users: who }) => !who.has('product'));
}
