import type { ChatCompletionRequest } from '@mlc-ai/web-llm';
import { ShoalError } from '../../core/errors.ts';
import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import type { Prompt, ToolFormat } from '../../tokenizer/index.ts';
import type { AnswerDelta, AnswerEnd } from '../answer.ts';
import { withCallsApart } from './answer-calls.ts';
import { callSyntaxes, toolGrammar } from './call-syntax.ts';
import { asWritten, grammarOf } from './response-format.ts';
import { tellTools } from './told-tools.ts';
import { planTools } from './tool-request.ts';

/** What a request asks of an answer besides words: a form of its text, or calls of functions. */
export interface Structure {
  /** Functions that the model's template is to tell of, as the request has them. */
  readonly tools: readonly unknown[];
  /**
   * What the text has to be; undefined where it is free.
   * @param begun - whether the prompt has begun a thought
   */
  grammar(format: ToolFormat, begun: boolean): AnswerGrammar | undefined;
  /** The prompt as the model's template can write it. */
  tell(prompt: Prompt, format: ToolFormat): Prompt;
  /** The answer with its calls apart from its text. */
  read(
    events: AsyncGenerator<AnswerDelta | AnswerEnd, void>,
    format: ToolFormat,
  ): AsyncGenerator<AnswerDelta | AnswerEnd, void>;
}

/** @throws ShoalError `bad-request` naming the field that is wrong */
export function structureOf(request: ChatCompletionRequest): Structure {
  const [form, plan] = [grammarOf(request.response_format), planTools(request)];
  if (form && plan)
    throw new ShoalError(
      'bad-request',
      'The request has "tools" and a "response_format": leave one of them out, or set "tool_choice" to "none".',
    );
  return {
    tools: plan ? (request.tools ?? []) : [],
    grammar: (format, begun) => (plan ? toolGrammar(plan, format) : form && asWritten(form, format, begun)),
    tell: tellTools,
    read: (events, format) => (plan ? withCallsApart(events, callSyntaxes(plan, format)) : events),
  };
}
