// Detects features of processor and system: CPUID leaves 1 and 7, and the registers that the system saves (XGETBV).
import { FEATURES } from "../layout/native.ts";
import { type Assembler, dword, type GeneralRegister, registers } from "./assembler.ts";

const { rax, rbx, rcx, rdx, rsi, rdi } = registers;
const [EAX, EBX, ECX, EDX, ESI, EDI] = [dword(rax), dword(rbx), dword(rcx), dword(rdx), dword(rsi), dword(rdi)];

/** Bits as the manual numbers them (volume 2, CPUID; volume 1, XCR0). */
const FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29;
const AVX2 = 1 << 5, AVX512_F = 1 << 16, AVX512_BW = 1 << 30, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24;
const AVX_STATE = 0x06, AVX512_STATE = 0xe6, AMX_STATE = 3 << 17;

/** Emits `() => i32`. */
export function emitFeatures(asm: Assembler): void {
  const [none, done] = [asm.label(), asm.label()];
  const leaf = (number: number) => {
    asm.mov(EAX, number);
    asm.xor(ECX, ECX);
    asm.cpuid();
  };
  /** Jumps to `otherwise` unless all these bits of a register are set. */
  const need = (register: GeneralRegister, bits: number, otherwise = done) => {
    asm.mov(ESI, register);
    asm.and(ESI, bits);
    asm.cmp(ESI, bits);
    asm.jne(otherwise);
  };
  const state = EDI;
  asm.push(rbx);
  leaf(0);
  asm.cmp(EAX, 7);
  asm.jb(none);
  leaf(1);
  need(ECX, FMA | OSXSAVE | AVX | F16C, none);
  asm.xor(ECX, ECX);
  asm.xgetbv();
  asm.mov(state, EAX);
  leaf(7);
  need(state, AVX_STATE, none);
  need(EBX, AVX2, none);
  asm.mov(EAX, FEATURES.avx2);
  need(state, AVX512_STATE);
  need(EBX, AVX512_F);
  asm.or(EAX, FEATURES.avx512);
  need(state, AMX_STATE);
  need(EBX, AVX512_BW);
  need(EDX, AMX_TILE | AMX_BF16);
  asm.or(EAX, FEATURES.amx);
  asm.jmp(done);
  asm.bind(none);
  asm.xor(EAX, EAX);
  asm.bind(done);
  asm.pop(rbx);
  asm.ret();
}

/**
 * Emits `() => i32`: 0 if Linux lets this process use AMX's tiles: arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA).
 * https://docs.kernel.org/arch/x86/xstate.html
 */
export function emitRequestAmx(asm: Assembler): void {
  const ARCH_PRCTL = 158, ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18;
  asm.mov(EAX, ARCH_PRCTL);
  asm.mov(EDI, ARCH_REQ_XCOMP_PERM);
  asm.mov(ESI, XTILEDATA);
  asm.syscall();
  asm.ret();
}
