// Packed forms of matrices that never change, like a frozen model's weights: kept beside them, so that no product packs
// them again.
import type { Block, Heap } from "./heap.ts";
import { type Product, sameB } from "../products/product.ts";

/** Most bytes of packed forms: packing costs small models most, and large ones need the memory. */
const MOST = 64 << 20;

/** How a matrix is packed: in panels for the tile kernels, or in strips for AMX. */
export type PackedForm = "panels" | "strips";

/** Room for a packed form. */
export interface KeptForm {
  readonly address: number;
  /** Whether it is packed, by jobs to come at the latest: for who packs it to say, once nothing can keep it from it. */
  isPacked: boolean;
}

export interface Constants {
  /** Says that what lies at this address stays as it is until it is freed. */
  hold(address: number): void;
  /**
   * Where a product's B is kept, or is to be, in a form of `bytes` bytes; undefined where it may change, or too much is kept
   * already.
   */
  find(product: Product, form: PackedForm, bytes: number): KeptForm | undefined;
  /** What lies at this address is freed. */
  forget(address: number): void;
}

interface Held extends KeptForm {
  readonly product: Product;
  readonly form: PackedForm;
  readonly block: Block;
}

export function createConstants(heap: Heap): Constants {
  const held = new Map<number, Held[]>();
  let used = 0;
  return {
    hold(address) {
      if (!held.has(address)) held.set(address, []);
    },
    find(product, form, bytes) {
      const forms = held.get(product.b);
      if (forms === undefined) return undefined;
      const kept = forms.find((one) => one.form === form && sameB(one.product, product));
      if (kept !== undefined) return kept;
      if (used + bytes > MOST) return undefined;
      const block = heap.allocate(bytes);
      used += block.bytes;
      const fresh = { product, form, block, address: block.address, isPacked: false };
      forms.push(fresh);
      return fresh;
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
