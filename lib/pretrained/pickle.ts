// Weights in Python's pickle format, as `torch.save` writes them.

/** Whether a file is a pickle with weights. */
export function isPickle(name: string): boolean {
  return /\.(bin|pt|pth|pkl|ckpt)$/.test(name) && name !== "training_args.bin";
}
