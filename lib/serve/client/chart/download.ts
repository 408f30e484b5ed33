// Saving a chart: as SVG, or as a PNG made from it.

/** How many pixels a PNG has for each of the picture's. */
const SCALE = 2;

/** Saves a picture. @throws Error if the browser cannot draw it */
export async function savePicture(svg: string, name: string, format: "svg" | "png"): Promise<void> {
  const blob = format === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^-|-$/g, "") || "chart"}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  // The page's policy allows pictures from `data:`, not from `blob:`.
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * image.width, SCALE * image.height];
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (blob === null) throw new Error("The browser cannot draw a picture of this size");
  return blob;
}
