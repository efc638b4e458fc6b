// Large recordings for benchmarks: page faults and Arm SPE, of any length, made in pieces so that they can be
// written to a file or streamed into a pipe. What they hold follows from the seed alone.

const SAMPLE = {
  ip: 1,
  tid: 2,
  time: 4,
  addr: 8,
  cpu: 128,
  period: 256,
  weight: 1 << 24,
  dataSource: 1 << 15,
  identifier: 1 << 16,
  physical: 1 << 19,
};
const ATTR_BYTES = 128;

/** A page-fault recording like `perf record -e page-faults -c 1 -d`, as pieces of a file or of a pipe. */
export function* pageFaults(samples, { pipe = false, regionPages = 1 << 19 } = {}) {
  const type = SAMPLE.ip | SAMPLE.tid | SAMPLE.time | SAMPLE.addr | SAMPLE.identifier | SAMPLE.period;
  const attr = attribute({ type: 1, config: 2, sampleType: type, ids: [31, 32] });
  const intro = Buffer.concat([
    comm(4242, 'toucher', type),
    mmap(4242, 0x7f0000000000n, regionPages * 4096, type),
  ]);
  yield pipe ? pipeHead([attr]) : fileHead([attr], intro.length + samples * 56);
  yield intro;
  const random = xorshift(7);
  const rows = 16384;
  for (let done = 0; done < samples; done += rows) {
    const count = Math.min(rows, samples - done);
    const piece = Buffer.alloc(count * 56);
    for (let i = 0; i < count; i++) {
      const number = done + i;
      const page = number % regionPages;
      writeFault(piece, i * 56, number, page, random());
    }
    yield piece;
  }
}

function writeFault(piece, at, number, page, random) {
  piece.writeUInt32LE(9, at);
  piece.writeUInt32LE((56 << 16) | 2, at + 4);
  piece.writeUInt32LE(31 + (random & 1), at + 8);
  piece.writeUInt32LE(0x401000 + (random & 0xfff), at + 16);
  piece.writeUInt32LE(4242, at + 24);
  piece.writeUInt32LE(4242 + (number >>> 18), at + 28);
  const time = 5e12 + number * 1700;
  piece.writeUInt32LE(time % 2 ** 32, at + 32);
  piece.writeUInt32LE(Math.floor(time / 2 ** 32), at + 36);
  const address = 0x7f0000000000 + page * 4096 + (random & 0xff8);
  piece.writeUInt32LE(address % 2 ** 32, at + 40);
  piece.writeUInt32LE(Math.floor(address / 2 ** 32), at + 44);
  piece.writeUInt32LE(1, at + 48);
}

/** Loads and stores as `perf mem record` has them: two events on 64 CPUs, eight processes, all in random order. */
export function* memorySamples(samples) {
  const type = SAMPLE.identifier | SAMPLE.ip | SAMPLE.tid | SAMPLE.time | SAMPLE.addr | SAMPLE.period;
  const full = type | SAMPLE.weight | SAMPLE.dataSource | SAMPLE.physical;
  const ids = (first) => Array.from({ length: 64 }, (_, cpu) => first + cpu);
  const events = [0, 1].map((number) =>
    attribute({ type: 4, config: 0x1cd + number, sampleType: full, ids: ids(1000 + 64 * number) }),
  );
  const names = Array.from({ length: 8 }, (_, number) =>
    comm(3000 + number, `worker${number}`, full, undefined, 1000),
  );
  const intro = Buffer.concat(names);
  yield fileHead(events, intro.length + samples * 80);
  yield intro;
  const random = xorshift(13);
  for (let done = 0; done < samples; done += 8192) {
    const count = Math.min(8192, samples - done);
    const piece = Buffer.alloc(count * 80);
    for (let i = 0; i < count; i++) writeAccess(piece, i * 80, done + i, random(), random());
    yield piece;
  }
}

function writeAccess(piece, at, number, dice, place) {
  piece.writeUInt32LE(9, at);
  piece.writeUInt32LE((80 << 16) | 2, at + 4);
  piece.writeUInt32LE(1000 + (dice & 127), at + 8);
  piece.writeUInt32LE(0x401000 + (place & 0xfff), at + 16);
  piece.writeUInt32LE(3000 + ((dice >>> 8) & 7), at + 24);
  piece.writeUInt32LE(3000 + ((dice >>> 8) & 7), at + 28);
  const time = 5e12 + number * 900;
  piece.writeUInt32LE(time % 2 ** 32, at + 32);
  piece.writeUInt32LE(Math.floor(time / 2 ** 32), at + 36);
  const page = (dice & 0x1000 ? place >>> 4 : (place >>> 4) / 10) & 0x3ffff;
  const address = 0x7f0000000000 + page * 4096 + (place & 0xff8);
  piece.writeUInt32LE(address % 2 ** 32, at + 40);
  piece.writeUInt32LE(Math.floor(address / 2 ** 32), at + 44);
  piece.writeUInt32LE(1, at + 48);
  piece.writeUInt32LE(7 + (dice >>> 23), at + 56);
  // Loads that hit L1 or local memory, and stores.
  piece.writeUInt32LE(dice & 64 ? 4 | (8 << 5) : dice & 0x2000 ? 2 | (8 << 5) : 2 | (0x80 << 5), at + 64);
  piece.writeUInt32LE(0x80000000 + page * 4096, at + 72);
}

/** An Arm SPE recording with context packets and timestamps, two CPUs, one MiB of AUX data a buffer. */
export function* spe(records) {
  const type = SAMPLE.ip | SAMPLE.tid | SAMPLE.time | SAMPLE.cpu | SAMPLE.identifier;
  const trace = attribute({
    type: 12,
    config: 0x300010003,
    // perf wants ADDR here to print addresses, though no sample has that field.
    sampleType: type | SAMPLE.addr | SAMPLE.dataSource,
    ids: [41, 42],
    period: 1024,
  });
  const dummy = attribute({ type: 1, config: 9, sampleType: type, ids: [51, 52] });
  const pieces = [speIntro(type)];
  const random = xorshift(11);
  const clocks = [100000, 100000];
  for (let done = 0, buffer = 0; done < records; buffer++) {
    const cpu = buffer & 1;
    const out = Buffer.alloc(1 << 20);
    let at = 0;
    for (; at < out.length - 160 && done < records; done++) at = writeRecord(out, at, cpu, clocks, random);
    const data = out.subarray(0, (at + 7) & ~7);
    pieces.push(auxtrace(data.length, buffer, cpu), data, finishedRound());
  }
  yield fileHead(
    [trace, dummy],
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  yield* pieces;
}

function writeRecord(out, start, cpu, clocks, random) {
  const dice = random();
  const isMemory = dice % 100 < 87;
  clocks[cpu] += 20 + (dice & 255);
  let at = packet(out, start, 0xb0, 0xaaaa00000000n + BigInt(dice & 0x1ffffc) + (1n << 63n));
  at += 5;
  out[at] = 0x65;
  out.writeUInt32LE(4242 + cpu, at + 1);
  at += 5;
  out.writeUInt16LE(isMemory ? 0x49 | ((dice & 0x400) >> 2) : 0x4a, at);
  out[at + 2] = 0x52;
  out.writeUInt16LE(0x16 | (dice & 0x20), at + 3);
  out[at + 5] = 0x99;
  out.writeUInt16LE(7, at + 6);
  out[at + 8] = 0x98;
  out.writeUInt16LE(dice & 0x1ff, at + 9);
  at += 11;
  if (isMemory) at = writeData(out, at, random());
  at += (dice >>> 4) & 3;
  at = packet(out, at, 0x71, BigInt(clocks[cpu]));
  return dice % 10 < 3 ? (at + 63) & ~63 : at;
}

/** Data address, translation latency, physical address, data source. Half of the accesses go to a tenth of 1 GiB. */
function writeData(out, start, dice) {
  const page = (dice & 1 ? dice >>> 4 : (dice >>> 4) / 10) & 0x3ffff;
  let at = packet(out, start, 0xb2, 0xffff80000000n + BigInt(page * 4096 + (dice & 0xff8)));
  out[at] = 0x9a;
  out.writeUInt16LE(1, at + 1);
  at = packet(out, at + 3, 0xb3, 0x80000000n + BigInt(page * 4096) + (1n << 63n));
  out[at] = 0x43;
  out[at + 1] = dice & 8;
  return at + 2;
}

function packet(out, at, header, value) {
  out[at] = header;
  out.writeBigUInt64LE(value, at + 1);
  return at + 9;
}

function speIntro(type) {
  const conversion = record(79, words(10n, 40960n, 1_000_000_000n));
  const info = record(70, Buffer.concat([dwords(4, 0), words(12n, 1n)]));
  return Buffer.concat([conversion, info, comm(4242, 'toucher', type), comm(4242, 'toucher', type, 4243)]);
}

function auxtrace(size, buffer, cpu) {
  return record(
    71,
    Buffer.concat([words(BigInt(size), 0n, BigInt(buffer)), dwords(cpu, 0xffffffff, cpu, 0)]),
  );
}

const finishedRound = () => record(68, Buffer.alloc(0));

/** @param {number} [id] */
function comm(pid, name, type, tid = pid, id) {
  const text = Buffer.alloc(16);
  text.write(name);
  return record(3, Buffer.concat([dwords(pid, tid), text, sampleId(pid, tid, type, id)]));
}

function mmap(pid, address, bytes, type) {
  const name = Buffer.alloc(8);
  name.write('//anon');
  const place = Buffer.concat([words(address, BigInt(bytes), 0n), Buffer.alloc(24), dwords(3, 2)]);
  return record(10, Buffer.concat([dwords(pid, pid), place, name, sampleId(pid, pid, type)]), 1 << 13);
}

function sampleId(pid, tid, type, id = type & SAMPLE.cpu ? 51 : 31) {
  const parts = [dwords(pid, tid), words(0n)];
  if (type & SAMPLE.cpu) parts.push(dwords(0, 0));
  parts.push(words(BigInt(id)));
  return Buffer.concat(parts);
}

function attribute({ type, config, sampleType, ids, period = 1 }) {
  const attr = Buffer.alloc(ATTR_BYTES);
  attr.writeUInt32LE(type, 0);
  attr.writeUInt32LE(ATTR_BYTES, 4);
  attr.writeBigUInt64LE(BigInt(config), 8);
  attr.writeBigUInt64LE(BigInt(period), 16);
  attr.writeBigUInt64LE(BigInt(sampleType), 24);
  attr.writeBigUInt64LE(4n, 32);
  // sample_id_all, mmap, comm, mmap2.
  attr.writeBigUInt64LE((1n << 18n) | (1n << 8n) | (1n << 9n) | (1n << 23n), 40);
  return { attr, ids };
}

function fileHead(attrs, dataBytes) {
  const ids = Buffer.concat(attrs.map(({ ids: list }) => words(...list.map(BigInt))));
  const entries = [];
  let idsAt = 104n;
  for (const { attr, ids: list } of attrs) {
    entries.push(attr, words(idsAt, BigInt(8 * list.length)));
    idsAt += BigInt(8 * list.length);
  }
  const table = Buffer.concat(entries);
  const attrsAt = BigInt(104 + ids.length);
  const dataAt = attrsAt + BigInt(table.length);
  const sections = words(attrsAt, BigInt(table.length), dataAt, BigInt(dataBytes), 0n, 0n);
  const head = Buffer.concat([
    Buffer.from('PERFILE2'),
    words(104n, BigInt(ATTR_BYTES + 16)),
    sections,
    Buffer.alloc(32),
  ]);
  return Buffer.concat([head, ids, table]);
}

function pipeHead(attrs) {
  const parts = [Buffer.from('PERFILE2'), words(16n)];
  for (const { attr, ids } of attrs) parts.push(record(64, Buffer.concat([attr, words(...ids.map(BigInt))])));
  return Buffer.concat(parts);
}

function record(type, body, misc = 0) {
  return Buffer.concat([dwords(type, ((8 + body.length) << 16) | misc), body]);
}

function words(...values) {
  const out = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) out.writeBigUInt64LE(value, 8 * index);
  return out;
}

function dwords(...values) {
  const out = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) out.writeUInt32LE(value >>> 0, 4 * index);
  return out;
}

function xorshift(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
