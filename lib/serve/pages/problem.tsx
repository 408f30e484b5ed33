// The page for a browser that asks for what is not there, or cannot be shown.
import { Frame } from "./frame.tsx";

/** What the page says. */
export interface ProblemProps {
  readonly status: number;
  /** What was wrong, and how to fix it: a sentence without its period. */
  readonly message: string;
}

/** The page at every other URL, and in place of one that fails. */
export function ProblemPage({ status, message }: ProblemProps) {
  const title = status === 404 ? "Nothing here" : "This page cannot be shown";
  return (
    <Frame title={title}>
      <main id="main" class="home" tabindex={-1}>
        <h1>{title}</h1>
        <p class="lead">{`${message}.`}</p>
        <ul class="ways">
          {status >= 500 && (
            <li>
              <a href="">Try again</a>
            </li>
          )}
          <li>
            <a href="/">All runs</a>
          </li>
          {status === 404 && (
            <li>
              <a href="/trash">Trash</a>
            </li>
          )}
        </ul>
      </main>
    </Frame>
  );
}
