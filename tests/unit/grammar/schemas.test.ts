import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { ShoalEngine } from '../../../src/api/index.ts';
import { LocalModelText } from '../../../src/tokenizer/index.ts';
import { jsonSchemas } from '../../fixtures/json-schemas.ts';
import { defaultTokenizer } from '../../support/default-tokenizer.ts';
import { GrammarWalker } from '../../support/grammar-walker.ts';
import { localGrammars } from '../../support/local-grammars.ts';
import { user } from '../../support/scripted-engine.ts';

const SCHEMAS = 200;

const tokenizer = await defaultTokenizer();
// What `format` means is looked at by the eye of the grammar alone.
const ajv = new Ajv2020({ strict: false, validateFormats: false });

const engine = new ShoalEngine({
  generator: new GrammarWalker(tokenizer, 1),
  text: async () => new LocalModelText(tokenizer),
  grammars: localGrammars(tokenizer.data),
  modelId: () => 'Walker',
  contextLength: () => 8192,
});

describe(`${SCHEMAS} schemas`, () => {
  it('each have an answer that is valid, whatever the model says', { timeout: 600_000 }, async () => {
    const wrong: unknown[] = [];
    for (const schema of jsonSchemas(SCHEMAS, 7)) {
      const { choices } = await engine.chatCompletion({
        messages: user('Go on.'),
        max_tokens: 4000,
        response_format: { type: 'json_schema', json_schema: { name: 'it', strict: true, schema } } as never,
      });
      const { message, finish_reason } = choices[0]!;
      const valid = ajv.compile(schema);
      const found = finish_reason === 'stop' && valid(JSON.parse(message.content!));
      if (!found) wrong.push({ schema, finish_reason, said: message.content!.slice(0, 300), errors: valid.errors });
    }
    expect(wrong).toEqual([]);
  });
});
