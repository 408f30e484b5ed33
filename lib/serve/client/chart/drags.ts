// Drags across plots, which would be lost if a plot were replaced before they end.

/**
 * Watches for drags on any plot of the page: a drag selects the same part of all plots whose cursors move together.
 *
 * @param onEnd called when a drag ends, maybe before the plot has heard of it
 * @param life when the watch ends. Default: never
 * @returns a function that says whether somebody is dragging
 */
export function watchDrags(onEnd: () => void, life?: Pick<AbortController, "signal">): () => boolean {
  let isDragged = false;
  const end = () => {
    if (!isDragged) return;
    isDragged = false;
    onEnd();
  };
  document.addEventListener("mousedown", ({ button, target }) => {
    if (button === 0 && (target as Element).closest(".u-over") !== null) isDragged = true;
  }, life);
  document.addEventListener("mouseup", ({ button }) => button === 0 && end(), life);
  // The end itself may have been missed, as in a dialog of the browser.
  document.addEventListener("mousemove", ({ buttons }) => (buttons & 1) === 0 && end(), life);
  return () => isDragged;
}
