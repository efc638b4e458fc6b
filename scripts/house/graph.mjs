// Circles and floors of a graph, given as a map from each node to the set of nodes it points to.

/** Groups of nodes that reach each other, of two and more, largest first (Tarjan). */
export function circles(graph) {
  const order = new Map();
  const low = new Map();
  const open = [];
  const found = [];
  const enter = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node));
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) {
        enter(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (open.includes(next)) low.set(node, Math.min(low.get(node), order.get(next)));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1) found.push(group.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) enter(node);
  return found.sort((a, b) => b.length - a.length);
}

/** Length of the longest way down, counted in nodes; nodes of one circle count once. */
export function floors(graph) {
  const circle = new Map(circles(graph).flatMap((group) => group.map((node) => [node, group[0]])));
  const nameOf = (node) => circle.get(node) ?? node;
  const merged = new Map();
  for (const [node, targets] of graph) {
    const name = nameOf(node);
    if (!merged.has(name)) merged.set(name, new Set());
    for (const target of targets) if (nameOf(target) !== name) merged.get(name).add(nameOf(target));
  }
  const height = new Map();
  const heightOf = (node) => {
    if (!height.has(node)) {
      height.set(node, 1);
      height.set(node, 1 + Math.max(0, ...[...(merged.get(node) ?? [])].map(heightOf)));
    }
    return height.get(node);
  };
  return Math.max(0, ...[...merged.keys()].map(heightOf));
}

/** The same graph between groups, by the name of each node's group. */
export function grouped(graph, groupOf) {
  const groups = new Map();
  for (const [node, targets] of graph) {
    const from = groupOf(node);
    if (!groups.has(from)) groups.set(from, new Set());
    for (const target of targets) if (groupOf(target) !== from) groups.get(from).add(groupOf(target));
  }
  return groups;
}
