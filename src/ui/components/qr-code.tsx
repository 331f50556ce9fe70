import { memo } from 'preact/compat';
import { encode } from 'uqr';

/** The free space that a reader needs around the code, in modules (ISO/IEC 18004). */
const QUIET_ZONE = 4;

/** A QR code, dark on white in either colour scheme: many readers know no other. */
export const QrCode = memo(function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { border: QUIET_ZONE });
  const modules = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return (
    <svg class="qr" data-testid="qr" viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges" role="img">
      <title>{text}</title>
      <rect width={size} height={size} fill="#fff" />
      <path d={modules.join('')} fill="#000" />
    </svg>
  );
});
