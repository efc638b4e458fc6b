/**
 * TPC-C's order entry: customers and items are drawn with NURand, each order reads and writes stock rows and
 * appends lines. Where a row lies in memory is our assumption: tables one after the other, rows in key order.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';
import type { Workload } from './workload.js';
import { workloadKind } from './workload.js';

/** Rows for each warehouse and bytes of a row (TPC-C standard specification, clauses 1.2 and 1.3). */
const STOCK = { rows: 100_000, bytes: 306 };
const CUSTOMERS = { rows: 30_000, bytes: 655 };
const ITEMS = { rows: 100_000, bytes: 82 };
/** Room for order lines: pages that are filled in a ring. */
const ORDER_PAGES = 4096;

/** The workload `tpcc` with its parameters. */
export const tpcc = workloadKind({
  brief: 'TPC-C new orders: NURand customers and items, stock updates, an append log',
  parameters: z.strictObject({ warehouses: z.int().min(1).max(2000).default(10) }),
  make: ({ warehouses }, { random, geometry }) => new NewOrders(warehouses, geometry, random),
});

/** NURand(A, x, y) = (((random(0..A) | random(x..y)) + C) mod (y − x + 1)) + x. */
export function nuRand(a: number, x: number, y: number, c: number, random: SeededRandom): number {
  return (((random.below(a + 1) | (x + random.below(y - x + 1))) + c) % (y - x + 1)) + x;
}

class NewOrders implements Workload {
  readonly pages: Pages;
  readonly #warehouses: number;
  readonly #random: SeededRandom;
  readonly #pageBytes: number;
  readonly #stock: Pages;
  readonly #customers: Pages;
  readonly #orders: Pages;
  /** Run-time constants of NURand for customers and items. */
  readonly #c: { readonly customer: number; readonly item: number };
  #order = 0;

  constructor(warehouses: number, geometry: PageGeometry, random: SeededRandom) {
    const pagesOf = (rows: number, bytes: number) => Math.ceil((rows * bytes) / geometry.pageBytes);
    this.#warehouses = warehouses;
    this.#random = random;
    this.#pageBytes = geometry.pageBytes;
    this.#stock = pagesOf(ITEMS.rows, ITEMS.bytes);
    this.#customers = this.#stock + pagesOf(STOCK.rows * warehouses, STOCK.bytes);
    this.#orders = this.#customers + pagesOf(CUSTOMERS.rows * warehouses, CUSTOMERS.bytes);
    this.pages = this.#orders + ORDER_PAGES;
    this.#c = { customer: random.below(1024), item: random.below(8192) };
  }

  /** Whole orders of up to 47 accesses: customer, 5 to 15 lines of item, stock and log. */
  next(into: Uint32Array, limit: number): number {
    let count = 0;
    while (count + 47 <= limit) count = this.#placeOrder(into, count);
    return count;
  }

  #placeOrder(into: Uint32Array, from: number): number {
    const random = this.#random;
    const home = random.below(this.#warehouses);
    let count = from;
    const customer =
      home * CUSTOMERS.rows + random.below(10) * 3000 + nuRand(1023, 1, 3000, this.#c.customer, random) - 1;
    into[count++] = this.#row(this.#customers, customer, CUSTOMERS.bytes) << 1;
    const lines = 5 + random.below(11);
    for (let line = 0; line < lines; line++) {
      const item = nuRand(8191, 1, 100_000, this.#c.item, random) - 1;
      // One line in a hundred comes from another warehouse.
      const warehouse = random.below(100) === 0 ? random.below(this.#warehouses) : home;
      into[count++] = this.#row(0, item, ITEMS.bytes) << 1;
      into[count++] = (this.#row(this.#stock, warehouse * STOCK.rows + item, STOCK.bytes) << 1) | 1;
      into[count++] = ((this.#orders + (this.#order % ORDER_PAGES)) << 1) | 1;
    }
    this.#order++;
    return count;
  }

  #row(table: Pages, row: number, bytes: number): Pages {
    return table + Math.floor((row * bytes) / this.#pageBytes);
  }
}
