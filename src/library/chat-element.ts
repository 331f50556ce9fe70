/**
 * Defines `<shoal-chat>`. Importing it is enough.
 *
 * @packageDocumentation
 */
import { ShoalChat } from './chat/shoal-chat.ts';

export type { ChatLine } from './chat/chat-view.ts';
export type { ChatEventMap, ChatState } from './chat/shoal-chat.ts';
export { ShoalChat };

if (!customElements.get('shoal-chat')) customElements.define('shoal-chat', ShoalChat);

declare global {
  interface HTMLElementTagNameMap {
    'shoal-chat': ShoalChat;
  }
  interface HTMLElementEventMap {
    'shoal-state': CustomEvent<import('./chat/shoal-chat.ts').ChatState>;
    'shoal-message': CustomEvent<import('./chat/chat-view.ts').ChatLine>;
    'shoal-error': CustomEvent<import('../core/errors.ts').ShoalError>;
  }
}
