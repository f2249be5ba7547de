// Photos made small enough for a bad connection. What cannot be drawn is sent as it is, and the server says what it thinks.

const LONGEST_SIDE = 2048;
const QUALITY = 0.85;
const SMALL_BYTES = 600_000;

/** Return a photo as it is sent: a JPEG of at most 2048 points a side, or the file itself where that is small. */
export async function shrink(file) {
  if (file.size <= SMALL_BYTES && file.type === "image/jpeg") return { name: file.name, blob: await copyOf(file) };
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (blob) return { name: file.name.replace(/\.[^.]*$/, "") + ".jpg", blob };
  } catch (error) {
    console.warn(error);
  }
  return { name: file.name, blob: await copyOf(file) };
}

/** Return the bytes themselves: a file that is only named would be gone when the gallery is. */
async function copyOf(file) {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}
