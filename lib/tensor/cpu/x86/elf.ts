// Writes a shared object for Linux on x86-64 that holds code and its tables: just what `dlopen` needs to find the
// functions, and sections and symbols for disassemblers, profilers and debuggers. Layout: System V ABI, chapters 4 and
// 5 ("Object Files", "Program Loading and Dynamic Linking").

const PAGE = 4096;
const HEADER_BYTES = 64, SEGMENT_BYTES = 56, SECTION_BYTES = 64, SYMBOL_BYTES = 24, DYNAMIC_BYTES = 16;

/** A function, or a table among the code. */
export interface CodeSymbol {
  readonly name: string;
  readonly kind: "function" | "table";
  /** Whether `dlsym` finds it. */
  readonly exported: boolean;
  /** Its offset in the code and its size, in bytes. */
  readonly at: number;
  readonly size: number;
}

/** Section types and flags by the ABI's names. */
const PROGBITS = 1, SYMTAB = 2, STRTAB = 3, HASH = 5, DYNAMIC = 6, DYNSYM = 11;
const WRITE = 1, ALLOCATED = 2, EXECUTABLE = 4;

/** The sections in the order of the file: type, flags, alignment, the section that it refers to, bytes per entry. */
const SECTIONS = {
  ".hash": { type: HASH, flags: ALLOCATED, align: 8, link: ".dynsym", entry: 4 },
  ".dynsym": { type: DYNSYM, flags: ALLOCATED, align: 8, link: ".dynstr", entry: SYMBOL_BYTES },
  ".dynstr": { type: STRTAB, flags: ALLOCATED, align: 1, link: undefined, entry: 0 },
  ".text": { type: PROGBITS, flags: ALLOCATED | EXECUTABLE, align: 64, link: undefined, entry: 0 },
  ".dynamic": { type: DYNAMIC, flags: ALLOCATED | WRITE, align: PAGE, link: ".dynstr", entry: DYNAMIC_BYTES },
  ".symtab": { type: SYMTAB, flags: 0, align: 8, link: ".strtab", entry: SYMBOL_BYTES },
  ".strtab": { type: STRTAB, flags: 0, align: 1, link: undefined, entry: 0 },
  ".shstrtab": { type: STRTAB, flags: 0, align: 1, link: undefined, entry: 0 },
} as const;
type SectionName = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as SectionName[];
/** Section 0 is the null section. */
const numberOf = (name: SectionName) => 1 + NAMES.indexOf(name);

/** The file, with one readable and executable segment, and a writable one that the loader needs. */
export function sharedObject(code: Uint8Array, symbols: readonly CodeSymbol[]): Uint8Array<ArrayBuffer> {
  const exported = symbols.filter((symbol) => symbol.exported);
  const all = [...symbols.filter((symbol) => !symbol.exported), ...exported]; // local symbols come first
  const [exportedNames, allNames, sectionNames] = [exported, all, NAMES.map((name) => ({ name }))].map(stringTable);
  const dynamicEntries = 6;
  const sizes: Readonly<Record<SectionName, number>> = {
    ".hash": 4 * (4 + exported.length),
    ".dynsym": SYMBOL_BYTES * (1 + exported.length),
    ".dynstr": exportedNames!.bytes.length,
    ".text": code.length,
    ".dynamic": DYNAMIC_BYTES * dynamicEntries,
    ".symtab": SYMBOL_BYTES * (1 + all.length),
    ".strtab": allNames!.bytes.length,
    ".shstrtab": sectionNames!.bytes.length,
  };
  const at = {} as Record<SectionName, number>;
  const segments = 4;
  let end = HEADER_BYTES + segments * SEGMENT_BYTES;
  for (const name of NAMES) {
    at[name] = roundUp(end, SECTIONS[name].align);
    end = at[name] + sizes[name];
  }
  const sectionsAt = roundUp(end, 8);
  const file = new Uint8Array(sectionsAt + SECTION_BYTES * (1 + NAMES.length));
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bits, little-endian, version 1
  u16(16, 3); // shared object
  u16(18, 62); // x86-64
  u32(20, 1);
  u64(32, HEADER_BYTES); // program headers
  u64(40, sectionsAt);
  u16(52, HEADER_BYTES);
  u16(54, SEGMENT_BYTES);
  u16(56, segments);
  u16(58, SECTION_BYTES);
  u16(60, 1 + NAMES.length);
  u16(62, numberOf(".shstrtab"));

  const [executableBytes, dynamicBytes] = [at[".text"] + code.length, sizes[".dynamic"]];
  const headers: readonly (readonly number[])[] = [
    [1, 5, 0, executableBytes, PAGE], // load: read and execute
    [1, 6, at[".dynamic"], dynamicBytes, PAGE], // load: read and write
    [2, 6, at[".dynamic"], dynamicBytes, 8], // dynamic table
    [0x6474e551, 6, 0, 0, 16], // no executable stack
  ];
  headers.forEach(([type, flags, place, size, align], i) => {
    const to = HEADER_BYTES + i * SEGMENT_BYTES;
    u32(to, type!);
    u32(to + 4, flags!);
    for (const field of [8, 16, 24]) u64(to + field, place!);
    for (const field of [32, 40]) u64(to + field, size!);
    u64(to + 48, align!);
  });

  // One bucket, with a chain of all symbols.
  const count = 1 + exported.length;
  [1, count, count > 1 ? 1 : 0].forEach((value, i) => u32(at[".hash"] + 4 * i, value));
  for (let i = 1; i < count; i++) u32(at[".hash"] + 12 + 4 * i, i + 1 < count ? i + 1 : 0);

  const writeSymbols = (to: number, list: readonly CodeSymbol[], names: StringTable) =>
    list.forEach(({ kind, exported, at: place, size }, i) => {
      const entry = to + SYMBOL_BYTES * (i + 1);
      u32(entry, names.offsets[i]!);
      view.setUint8(entry + 4, Number(exported) << 4 | (kind === "function" ? 2 : 1));
      u16(entry + 6, numberOf(".text"));
      u64(entry + 8, at[".text"] + place);
      u64(entry + 16, size);
    });
  writeSymbols(at[".dynsym"], exported, exportedNames!);
  writeSymbols(at[".symtab"], all, allNames!);
  file.set(exportedNames!.bytes, at[".dynstr"]);
  file.set(allNames!.bytes, at[".strtab"]);
  file.set(sectionNames!.bytes, at[".shstrtab"]);
  file.set(code, at[".text"]);

  const tables = [[4, at[".hash"]], [5, at[".dynstr"]], [6, at[".dynsym"]]] as const;
  const dynamic = [...tables, [10, sizes[".dynstr"]], [11, SYMBOL_BYTES], [0, 0]] as const; // tags and values
  dynamic.forEach(([tag, value], i) => {
    u64(at[".dynamic"] + DYNAMIC_BYTES * i, tag);
    u64(at[".dynamic"] + DYNAMIC_BYTES * i + 8, value);
  });

  NAMES.forEach((name, i) => {
    const { type, flags, align, link, entry } = SECTIONS[name];
    const to = sectionsAt + SECTION_BYTES * (i + 1);
    u32(to, sectionNames!.offsets[i]!);
    u32(to + 4, type);
    u64(to + 8, flags);
    u64(to + 16, flags & ALLOCATED ? at[name] : 0);
    u64(to + 24, at[name]);
    u64(to + 32, sizes[name]);
    u32(to + 40, link === undefined ? 0 : numberOf(link));
    u32(to + 44, type === SYMTAB ? 1 + all.length - exported.length : type === DYNSYM ? 1 : 0); // first global symbol
    u64(to + 48, align);
    u64(to + 56, entry);
  });
  return file;
}

interface StringTable {
  readonly bytes: Uint8Array;
  /** Where each name begins. */
  readonly offsets: readonly number[];
}

function stringTable(named: readonly { readonly name: string }[]): StringTable {
  const offsets: number[] = [];
  let text = "\0";
  for (const { name } of named) {
    offsets.push(text.length);
    text += `${name}\0`;
  }
  return { bytes: new TextEncoder().encode(text), offsets };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
