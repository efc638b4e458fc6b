/** Lines that differ only in their numbers, put together. */
import { QUANTITY } from '../print/plan.js';

/** Items of the same wording, in their order. */
export interface AlikeGroup<Item> {
  readonly first: Item;
  readonly all: readonly Item[];
}

/** In the order of their first; `words` are what must be the same but for numbers. */
export function alikeRows<Item>(
  items: readonly Item[],
  words: (item: Item) => string,
): readonly AlikeGroup<Item>[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = words(item).replace(QUANTITY, '#');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].map((all) => ({ first: all[0], all }));
}
