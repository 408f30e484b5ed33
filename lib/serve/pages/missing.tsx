// A page for what is not there.
import { Frame } from "./frame.tsx";

/** The page at every other URL. */
export function MissingPage() {
  return (
    <Frame title="Not found">
      <main id="main" class="home" tabindex={-1}>
        <h1>Nothing here</h1>
        <p class="lead">
          There is no such page, or its run was deleted. <a href="/">All runs</a>
        </p>
      </main>
    </Frame>
  );
}
