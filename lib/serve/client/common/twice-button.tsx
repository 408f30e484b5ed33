// A button that does something on the server: it may ask for confirmation first, and shows what went wrong.
import { useRef, useState } from "hono/jsx";

/** What a button says and does. */
export interface TwiceButtonProps {
  readonly text: string;
  /** What it says after the first click. @default one click is enough */
  readonly question?: string;
  readonly act: () => Promise<void>;
}

/** Time in which the second click must come. */
const ASKED_MS = 5_000;

/** A button that asks for confirmation before it acts, and shows what went wrong. */
export function TwiceButton({ text, question, act }: TwiceButtonProps) {
  const [state, setState] = useState<"calm" | "asked" | "busy" | { readonly error: string }>("calm");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const click = async () => {
    clearTimeout(timer.current ?? undefined);
    if (state !== "asked" && question !== undefined) {
      setState("asked");
      timer.current = setTimeout(() => setState("calm"), ASKED_MS);
      return;
    }
    setState("busy");
    try {
      await act();
      setState("calm");
    } catch (error) {
      setState({ error: (error as Error).message });
    }
  };
  const shown = typeof state === "object" ? state.error : state === "asked" ? question : text;
  return (
    <button
      type="button"
      class={`button quiet${state === "asked" ? " sure" : ""}`}
      title={typeof state === "object" ? state.error : undefined}
      disabled={state === "busy"}
      onClick={click}
    >
      {shown}
    </button>
  );
}
