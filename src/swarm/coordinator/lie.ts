import { formatLayers, type LayerRange } from '../../core/ranges.ts';
import { shortId } from '../../core/short-id.ts';

/** What a check has shown of a stage: for people in their language, and by `lieText` in the log's. */
export type Lie =
  /** It does not show what it has computed. */
  | { readonly kind: 'withholds' }
  /** It shows other rows than it has sent. */
  | { readonly kind: 'false-rows' }
  /** The two say otherwise of what went from one to the other. */
  | { readonly kind: 'link'; readonly sender: string; readonly receiver: string }
  /** Its layers give something else at `holder`. @see rowDifference */
  | {
      readonly kind: 'otherwise';
      readonly layers: LayerRange;
      readonly holder: string;
      readonly difference: number;
    }
  /** As `otherwise`, computed by this tab from rows that `reporter` has shown, signed by the stage. */
  | { readonly kind: 'shown'; readonly reporter: string; readonly difference: number };

/** The rest of a sentence that begins with the stage's name and a colon. */
export function lieText(lie: Lie): string {
  switch (lie.kind) {
    case 'withholds':
      return 'it does not show what it has computed.';
    case 'false-rows':
      return 'it shows other rows than it has sent.';
    case 'link':
      return `${shortId(lie.sender)} has not sent what ${shortId(lie.receiver)} says that came.`;
    case 'otherwise':
      return `Layers ${formatLayers(lie.layers)}: ${shortId(lie.holder)} computes otherwise, by ${lie.difference.toPrecision(2)}.`;
    case 'shown':
      return `${shortId(lie.reporter)} has shown what it signed, and this tab computes otherwise, by ${lie.difference.toPrecision(2)}.`;
  }
}
