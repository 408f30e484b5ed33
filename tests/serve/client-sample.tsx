// What a component may look like; `scripts_test.ts` compiles it for a browser.
import { useState } from "hono/jsx";
import type { PropsWithChildren } from "hono/jsx";

interface Named {
  readonly name: string;
}

/** A greeting. */
export function Greeting({ name, children }: PropsWithChildren<Named>) {
  const [count, setCount] = useState<number>(0);
  if (name === "") throw new Error("Nobody to greet");
  return (
    <p class="greeting" onClick={() => setCount(count + 1)}>
      {name satisfies string} {count} {children}
    </p>
  );
}
