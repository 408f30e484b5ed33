// The addresses of a run's data. Pure.

/** Of the run as data; others are below it. */
export const runAddress = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;

/** What the page asks for first. The server names it in the page, so that the browser asks before it has the script. */
export const firstAddress = (id: string): string => `${runAddress(id)}?points=recent`;
