/** The hue of a tab, degrees: by its peer id alone, so that every screen gives it the same. FNV-1a, 32 bits. */
export function tabHue(peerId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < peerId.length; at++) hash = Math.imul(hash ^ peerId.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % 360;
}
