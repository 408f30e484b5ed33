// Packed forms of matrices that never change, such as a frozen model's weights: kept so that no product packs them
// again.
import type { Block, Heap } from "./heap.ts";
import { type Product, sameB } from "../products/product.ts";

/** Most bytes of packed forms: packing matters most to small models, and large ones need the memory. */
const MOST = 64 << 20;

/** How a matrix is packed: in panels for the tile kernels, in strips for AMX. */
export type PackedForm = "panels" | "strips";

/** Memory for a packed form. */
export interface KeptForm {
  readonly address: number;
  /** True once packing is done or queued; set by the packer when it can no longer fail. */
  isPacked: boolean;
}

export interface Constants {
  /** Declares the matrix at this address constant until it is freed. */
  hold(address: number): void;
  /**
   * Memory that keeps a form of `bytes` bytes of a product's B, packed or not yet; undefined if B may change, or if the
   * limit is reached.
   */
  find(product: Product, form: PackedForm, bytes: number): KeptForm | undefined;
  /** Frees the packed forms of the matrix at this address, which is about to be freed itself. */
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
