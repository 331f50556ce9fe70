import { createContext, runInContext } from 'node:vm';
import type { ProfileTab } from './profile-tab.ts';

/** A function to write in JavaScript, and an expression that is true when it is right. */
interface CodingTask {
  readonly name: string;
  readonly wants: string;
  readonly check: string;
}

const TASKS: readonly CodingTask[] = [
  {
    name: 'isPrime',
    wants: 'tells whether a whole number is prime',
    check: `[0, 1, 2, 9, 97, 91].map(isPrime).join() === 'false,false,true,false,true,false'`,
  },
  {
    name: 'fibonacci',
    wants: 'returns the n-th Fibonacci number, fibonacci(0) is 0 and fibonacci(1) is 1',
    check: 'fibonacci(0) === 0 && fibonacci(1) === 1 && fibonacci(20) === 6765',
  },
  {
    name: 'reverseWords',
    wants: 'reverses the order of the words of a sentence, separated by single spaces',
    check: `reverseWords('the quick brown fox') === 'fox brown quick the'`,
  },
  {
    name: 'gcd',
    wants: 'returns the greatest common divisor of two positive whole numbers',
    check: 'gcd(48, 18) === 6 && gcd(17, 5) === 1',
  },
  {
    name: 'countVowels',
    wants: 'counts the vowels a, e, i, o, u in a text, upper and lower case',
    check: `countVowels('Education') === 5 && countVowels('rhythm') === 0`,
  },
  {
    name: 'flatten',
    wants: 'flattens an array of arrays of any depth',
    check: `flatten([1, [2, [3, [4]], 5]]).join() === '1,2,3,4,5'`,
  },
  {
    name: 'isPalindrome',
    wants: 'tells whether a text reads the same backwards, ignoring case and everything but letters',
    check: `isPalindrome('A man, a plan, a canal: Panama') && !isPalindrome('hello')`,
  },
  {
    name: 'binarySearch',
    wants: 'returns the index of a number in a sorted array, or -1',
    check: 'binarySearch([1, 3, 5, 7, 9, 11], 7) === 3 && binarySearch([1, 3], 2) === -1',
  },
  {
    name: 'toRoman',
    wants: 'writes a whole number from 1 to 3999 in Roman numerals',
    check: `toRoman(1994) === 'MCMXCIV' && toRoman(4) === 'IV' && toRoman(2026) === 'MMXXVI'`,
  },
  {
    name: 'groupBy',
    wants:
      'takes an array and a function and returns an object that maps each result of the function to the array of its elements',
    check: `JSON.stringify(groupBy([1, 2, 3, 4], (n) => (n % 2 ? 'odd' : 'even'))) === '{"odd":[1,3],"even":[2,4]}' || JSON.stringify(groupBy([1, 2, 3, 4], (n) => (n % 2 ? 'odd' : 'even'))) === '{"even":[2,4],"odd":[1,3]}'`,
  },
];

export const CODING_TOKENS = 320;
const RUN_TIMEOUT_MS = 2000;

export const CODING_PROMPTS: readonly string[] = TASKS.map(
  ({ name, wants }) => `Write a JavaScript function named ${name} that ${wants}. Give only the code.`,
);

/** Whether an answer's code does what was asked for. */
export function passes(index: number, answer: string): boolean {
  const code = /```\w*\n([\s\S]*?)(```|$)/.exec(answer)?.[1] ?? answer;
  try {
    // No module system, and nothing of this process.
    const context = createContext({ console: { log: () => undefined } });
    const program = code.replaceAll(/^\s*export (default )?/gm, '');
    return runInContext(`${program}\n;(${TASKS[index]!.check})`, context, { timeout: RUN_TIMEOUT_MS }) === true;
  } catch {
    return false;
  }
}

/** Asks for all functions, greedily, in this tab. */
export function writeCode({ browser }: ProfileTab): Promise<string[]> {
  return browser.evaluate(
    async ([prompts, tokens]) => {
      const answers: string[] = [];
      for (const content of prompts) {
        const { choices } = await window.shoal.engine.chat.completions.create({
          ...{ messages: [{ role: 'user', content }], temperature: 0, max_tokens: tokens },
        });
        answers.push(choices[0]!.message.content ?? '');
      }
      return answers;
    },
    [CODING_PROMPTS, CODING_TOKENS] as [readonly string[], number],
  );
}
