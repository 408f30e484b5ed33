// An experiment's arguments without some of its options.

/**
 * The arguments without the options that `dropped` names.
 *
 * @param dropped by option, whether it takes a value; a name that ends in a dot stands for all that begin with it
 */
export function withoutOptions(args: readonly string[], dropped: Readonly<Record<string, boolean>>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [option = "", inline] = args[i]!.split(/=(.*)/s);
    const name = option.replace(/\..*/s, ".");
    const takesValue = Object.hasOwn(dropped, name) ? dropped[name] : undefined;
    if (takesValue === undefined) kept.push(args[i]!);
    else if (takesValue && inline === undefined) i++;
  }
  return kept;
}
