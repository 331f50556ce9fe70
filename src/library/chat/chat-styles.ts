/** The element's looks. Every colour and measure is a custom property that a page may set on the element. */
export const CHAT_STYLES = `
:host {
  --background: var(--shoal-chat-background, Canvas);
  --text: var(--shoal-chat-text, CanvasText);
  --muted: var(--shoal-chat-muted, color-mix(in srgb, var(--text) 65%, var(--background)));
  --accent: var(--shoal-chat-accent, #1d5fd1);
  --accent-text: var(--shoal-chat-accent-text, #fff);
  --problem: var(--shoal-chat-problem, light-dark(#b3261e, #ffb4ab));
  --radius: var(--shoal-chat-radius, 0.75rem);
  display: flex;
  flex-direction: column;
  min-block-size: 12rem;
  color-scheme: light dark;
  color: var(--text);
  background: var(--background);
  border: 1px solid color-mix(in srgb, var(--text) 25%, var(--background));
  border-radius: var(--radius);
  font: var(--shoal-chat-font, 1rem/1.5 system-ui, sans-serif);
  overflow: hidden;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; font: inherit; }
[part=messages] { flex: 1; display: flex; flex-direction: column; gap: 0.5rem; padding: 0.75rem; overflow-y: auto; }
[part~=message] { margin: 0; max-inline-size: 85%; padding: 0.5rem 0.75rem; border-radius: var(--radius); white-space: pre-wrap; overflow-wrap: anywhere; }
[part~=user] { align-self: flex-end; color: var(--accent-text); background: var(--accent); }
[part~=assistant] { align-self: flex-start; background: color-mix(in srgb, var(--text) 8%, var(--background)); }
[part=status] { min-block-size: 1.5rem; margin: 0; padding: 0 0.75rem; color: var(--muted); font-size: 0.875em; }
[part=status][data-problem] { color: var(--problem); }
form { display: flex; gap: 0.5rem; padding: 0.75rem; }
textarea { flex: 1; min-inline-size: 0; padding: 0.5rem; resize: none; field-sizing: content; max-block-size: 8rem; color: inherit; background: transparent; border: 1px solid var(--muted); border-radius: calc(var(--radius) / 2); }
button { padding: 0.5rem 1rem; color: var(--accent-text); background: var(--accent); border: 0; border-radius: calc(var(--radius) / 2); cursor: pointer; }
button:disabled { opacity: 0.5; cursor: default; }
textarea:focus-visible, button:focus-visible, [part=messages]:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
`;
