// The frame of every report page: no scripts, no external resources.
import { escapeHtml } from "./escape.ts";
import { PAGE_STYLE } from "./style.ts";

/**
 * A self-contained HTML page.
 *
 * @param title plain text
 * @param main HTML of the page's body
 * @param style CSS added after the common style sheet
 */
export function pageFrame(title: string, main: string, style = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}${style}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}
