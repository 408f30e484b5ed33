// Packed forms of matrices that never change, like a frozen model's weights: kept beside them, so that no product packs
// them again.
import type { Block, Heap } from "./heap.ts";
import { type Product, sameB } from "./product.ts";

/** Most bytes of packed forms: packing costs small models most, and large ones need the memory. */
const MOST = 64 << 20;

export interface Constants {
  /** Says that what lies at this address stays as it is until it is freed. */
  hold(address: number): void;
  /**
   * Where a product's B is packed, or is to be, in `bytes` bytes that are kept; undefined where it may change, or too much is
   * kept already.
   */
  find(product: Product, bytes: number): { readonly address: number; readonly isPacked: boolean } | undefined;
  /** What lies at this address is freed. */
  forget(address: number): void;
}

export function createConstants(heap: Heap): Constants {
  const held = new Map<number, { readonly product: Product; readonly block: Block }[]>();
  let used = 0;
  return {
    hold(address) {
      if (!held.has(address)) held.set(address, []);
    },
    find(product, bytes) {
      const forms = held.get(product.b);
      if (forms === undefined) return undefined;
      const kept = forms.find((form) => sameB(form.product, product));
      if (kept !== undefined) return { address: kept.block.address, isPacked: true };
      if (used + bytes > MOST) return undefined;
      const block = heap.allocate(bytes);
      used += block.bytes;
      forms.push({ product, block });
      return { address: block.address, isPacked: false };
    },
    forget(address) {
      for (const { block } of held.get(address) ?? []) {
        used -= block.bytes;
        heap.free(block);
      }
      held.delete(address);
    },
  };
}
