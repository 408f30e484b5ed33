// How many runs can be compared. Pure: the browser loads this file.

/** Most runs that can be compared at once. */
export const MOST_COMPARED = 50;
