/**
 * Graph500's breadth-first search over a Kronecker graph in compressed sparse rows: row offsets and adjacency are
 * read in sequence, the parents of the neighbours at random. Initiator A, B, C, D = .57, .19, .19, .05.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';
import type { Workload } from './workload.js';
import { workloadKind } from './workload.js';

/** Initiator of the generator; D is what is left to 1. */
export const KRONECKER = { a: 0.57, b: 0.19, c: 0.19 } as const;

/** The workload `graph500` with its parameters. */
export const graph500 = workloadKind({
  brief: 'breadth-first search over a Kronecker graph in CSR (Graph500)',
  parameters: z.strictObject({
    /** log2 of the vertices. */
    scale: z.int().min(8).max(24).default(18),
    /** Edges for each vertex. */
    edgeFactor: z.int().min(1).max(64).default(16),
  }),
  make: ({ scale, edgeFactor }, { random, geometry }) =>
    new BreadthFirst(kroneckerCsr(scale, edgeFactor, random), geometry, random),
});

/** Undirected graph: neighbours of v are adjacency[offsets[v]] … adjacency[offsets[v + 1] − 1]. */
export interface Csr {
  readonly vertices: number;
  readonly offsets: Uint32Array;
  readonly adjacency: Uint32Array;
}

/** Returns a graph of 2^scale vertices in compressed sparse rows. */
export function kroneckerCsr(scale: number, edgeFactor: number, random: SeededRandom): Csr {
  const vertices = 2 ** scale;
  const edges = vertices * edgeFactor;
  const ends = new Uint32Array(edges * 2);
  for (let edge = 0; edge < edges; edge++) drawEdge(scale, random, ends, edge * 2);
  return rowsOf(vertices, ends);
}

/** One quadrant for each bit, from the most significant down. */
function drawEdge(scale: number, random: SeededRandom, ends: Uint32Array, at: number): void {
  const { a, b, c } = KRONECKER;
  let row = 0;
  let column = 0;
  for (let bit = 0; bit < scale; bit++) {
    const draw = random.fraction();
    row = (row << 1) | (draw < a + b ? 0 : 1);
    column = (column << 1) | (draw < a || (draw >= a + b && draw < a + b + c) ? 0 : 1);
  }
  ends[at] = row;
  ends[at + 1] = column;
}

function rowsOf(vertices: number, ends: Uint32Array): Csr {
  const offsets = new Uint32Array(vertices + 1);
  for (const end of ends) offsets[end + 1]++;
  for (let v = 0; v < vertices; v++) offsets[v + 1] += offsets[v];
  const filled = offsets.slice(0, vertices);
  const adjacency = new Uint32Array(ends.length);
  for (let i = 0; i < ends.length; i += 2) {
    adjacency[filled[ends[i]]++] = ends[i + 1];
    adjacency[filled[ends[i + 1]]++] = ends[i];
  }
  return { vertices, offsets, adjacency };
}

/** Bytes of an offset, a neighbour and a parent, as the reference code stores them. */
const ELEMENT_BYTES = 8;

class BreadthFirst implements Workload {
  readonly pages: Pages;
  readonly #graph: Csr;
  readonly #random: SeededRandom;
  readonly #perPage: number;
  readonly #adjacencyPage: Pages;
  readonly #parentPage: Pages;
  readonly #visited: Uint8Array;
  readonly #queue: Uint32Array;
  #head = 0;
  #tail = 0;
  #edge = 0;

  constructor(graph: Csr, geometry: PageGeometry, random: SeededRandom) {
    this.#graph = graph;
    this.#random = random;
    this.#perPage = geometry.pageBytes / ELEMENT_BYTES;
    this.#adjacencyPage = Math.ceil((graph.vertices + 1) / this.#perPage);
    this.#parentPage = this.#adjacencyPage + Math.ceil(graph.adjacency.length / this.#perPage);
    this.pages = this.#parentPage + Math.ceil(graph.vertices / this.#perPage);
    this.#visited = new Uint8Array(graph.vertices);
    this.#queue = new Uint32Array(graph.vertices);
  }

  next(into: Uint32Array, limit: number): number {
    let count = 0;
    while (count + 4 <= limit) count = this.#step(into, count);
    return count;
  }

  /** One edge, or the start of the next vertex. */
  #step(into: Uint32Array, count: number): number {
    if (this.#head === this.#tail) return this.#start(into, count);
    const vertex = this.#queue[this.#head];
    if (this.#edge === this.#graph.offsets[vertex + 1]) {
      this.#head++;
      if (this.#head < this.#tail) this.#edge = this.#graph.offsets[this.#queue[this.#head]];
      into[count] = this.#page(vertex, 0) << 1;
      return count + 1;
    }
    const neighbour = this.#graph.adjacency[this.#edge];
    into[count] = this.#page(this.#edge++, this.#adjacencyPage) << 1;
    return this.#visit(neighbour, into, count + 1);
  }

  #visit(vertex: number, into: Uint32Array, count: number): number {
    const isNew = this.#visited[vertex] === 0;
    into[count] = (this.#page(vertex, this.#parentPage) << 1) | (isNew ? 1 : 0);
    if (isNew) {
      this.#visited[vertex] = 1;
      this.#queue[this.#tail++] = vertex;
    }
    return count + 1;
  }

  /** A search from a new root. */
  #start(into: Uint32Array, count: number): number {
    this.#visited.fill(0);
    this.#head = 0;
    this.#tail = 0;
    const root = this.#random.below(this.#graph.vertices);
    this.#edge = this.#graph.offsets[root];
    return this.#visit(root, into, count);
  }

  #page(element: number, first: Pages): Pages {
    return first + Math.floor(element / this.#perPage);
  }
}
