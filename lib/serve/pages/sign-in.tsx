// The page that asks for the server's token.
import { Frame } from "./frame.tsx";

/** What the page says. */
export interface SignInProps {
  /** Where to go afterwards. */
  readonly next: string;
  /** Whether a token was given that is not this server's. */
  readonly isWrong: boolean;
  /** Whether nothing can be seen without it. */
  readonly isPrivate: boolean;
}

/** The page at `/sign-in`, and instead of each page of a private server. Its form makes the same link as was printed. */
export function SignInPage({ next, isWrong, isPrivate }: SignInProps) {
  return (
    <Frame title="Sign in">
      <main id="main" class="home" tabindex={-1}>
        <h1>Sign in</h1>
        <p class="lead">
          {isPrivate
            ? "This server shows its runs only to those who have its token."
            : "Anyone on this machine can read. To make changes, enter the server's token."}
        </p>
        <p>
          The server printed a link with the token when it started. For a run in progress, <code>deno task show</code>
          {" "}
          prints the link, too.
        </p>
        {isWrong && (
          <p class="error" role="alert">
            This is not the token of this server, which makes a new one each time it starts.
          </p>
        )}
        <form class="field" action="/sign-in" method="get">
          <label for="token">Token</label>
          <input id="token" name="token" type="password" required autocomplete="off" spellcheck={false} autofocus />
          <input name="next" type="hidden" value={next} />
          <button class="button" type="submit">Sign in</button>
        </form>
        {!isPrivate && (
          <p class="field">
            <a href={next}>Continue without a token</a>
          </p>
        )}
      </main>
    </Frame>
  );
}

/** A page that loads its own address again. */
export function ReloadPage({ address }: { readonly address: string }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="refresh" content={`0; url=${address}`} />
        <title>Stitchbook</title>
      </head>
      <body>
        <a href={address}>Continue</a>
      </body>
    </html>
  );
}
