/** A record of the time when a tab kept one conversation, without branches; anything else as it is. */
export function upgradedRecord(value: unknown): unknown {
  const { conversation, manifestId, savedAtMs } = Object(value) as Record<string, unknown>;
  const { messages } = Object(conversation) as { messages?: unknown };
  if (!Array.isArray(messages)) return value;
  const chained = messages.map((message: unknown, id) => ({
    ...Object(message),
    id,
    ...(id > 0 ? { parent: id - 1 } : {}),
  }));
  return { home: manifestId, modelName: '', savedAtMs, open: true, messages: chained };
}
