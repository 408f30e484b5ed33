// Packed forms of matrices that never change, like a frozen model's weights: kept beside them, so that no product packs
// them again.
import type { Block, Heap } from "./heap.ts";
import { type Product, sameB } from "./product.ts";

/** Most bytes of packed forms: packing costs small models most, and large ones need the memory. */
const MOST = 64 << 20;

/** How a matrix is packed: in panels for the tile kernels, or in strips for AMX. */
export type PackedForm = "panels" | "strips";

export interface Constants {
  /** Says that what lies at this address stays as it is until it is freed. */
  hold(address: number): void;
  /**
   * Where a product's B is packed, or is to be, in `bytes` bytes that are kept; undefined where it may change, or too much is
   * kept already.
   */
  find(
    product: Product,
    form: PackedForm,
    bytes: number,
  ): { readonly address: number; readonly isPacked: boolean } | undefined;
  /** What lies at this address is freed. */
  forget(address: number): void;
}

export function createConstants(heap: Heap): Constants {
  const held = new Map<number, { readonly product: Product; readonly form: PackedForm; readonly block: Block }[]>();
  let used = 0;
  return {
    hold(address) {
      if (!held.has(address)) held.set(address, []);
    },
    find(product, form, bytes) {
      const forms = held.get(product.b);
      if (forms === undefined) return undefined;
      const kept = forms.find((one) => one.form === form && sameB(one.product, product));
      if (kept !== undefined) return { address: kept.block.address, isPacked: true };
      if (used + bytes > MOST) return undefined;
      const block = heap.allocate(bytes);
      used += block.bytes;
      forms.push({ product, form, block });
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
