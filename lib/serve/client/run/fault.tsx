// Why a run failed: the first lines, and all of a long trace on demand.

/** Longer texts are folded. */
const MOST_LINES = 10;
/** What is seen of them. */
const FIRST_LINES = 3;

/** The reason. */
export function Fault({ text }: { readonly text: string }) {
  const lines = text.trimEnd().split("\n");
  if (lines.length <= MOST_LINES) return <p class="error" role="alert">{text}</p>;
  return (
    <div class="error" role="alert">
      {lines.slice(0, FIRST_LINES).join("\n")}
      <details>
        <summary>{`${lines.length - FIRST_LINES} more lines`}</summary>
        {lines.slice(FIRST_LINES).join("\n")}
      </details>
    </div>
  );
}
