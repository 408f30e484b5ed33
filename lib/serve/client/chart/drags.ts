// Drags across plots, which would be lost if a plot were replaced before they end.

/**
 * Watches for drags on any plot of the page: a drag selects the same part of all plots whose cursors move together.
 *
 * @param onEnd called after each drag
 * @param signal ends the watch
 * @returns a function that says whether somebody is dragging
 */
export function watchDrags(onEnd: () => void, signal: AbortSignal): () => boolean {
  let isDragged = false;
  const end = () => {
    if (!isDragged) return;
    isDragged = false;
    onEnd();
  };
  document.addEventListener("mousedown", ({ button, target }) => {
    if (button === 0 && (target as Element).closest(".u-over") !== null) isDragged = true;
  }, { signal });
  document.addEventListener("mouseup", ({ button }) => button === 0 && end(), { signal });
  // The end itself may have been missed, as in a dialog of the browser.
  document.addEventListener("mousemove", ({ buttons }) => (buttons & 1) === 0 && end(), { signal });
  return () => isDragged;
}
