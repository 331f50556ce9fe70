import { expect, test } from 'vitest';
import { browserName } from '../../../src/app/browser-name.ts';
import { tabHue } from '../../../src/ui/tab-color.ts';
import { TabNames } from '../../../src/ui/tab-names.ts';

const SELF = '12D3KooWself-aaaaaa';
const [B, C, D] = ['12D3KooWother-bbbbbb', '12D3KooWother-cccccc', '12D3KooWother-dddddd'];
const tab = (peerId: string, name: string) => ({ peerId, name });

test('a tab is called by its name, this one by its place, one without a name by its short id', () => {
  const names = new TabNames(SELF, [tab(SELF, 'Mine'), tab(B!, 'Firefox on Linux'), tab(C!, '')], new Map());
  expect([SELF, '', B!, C!].map((peerId) => names.of(peerId))).toEqual([
    'this tab',
    'this tab',
    'Firefox on Linux',
    '…cccccc',
  ]);
  expect(names.full(SELF)).toBe('Mine');
});

test('tabs that are called alike are told apart', () => {
  const present = [tab(SELF, 'Chrome on Mac'), tab(B!, 'chrome on Mac'), tab(C!, 'Other'), tab(D!, 'This tab')];
  const names = new TabNames(SELF, present, new Map());
  expect(names.full(SELF)).toBe('Chrome on Mac (aaaaaa)');
  expect(names.of(B!)).toBe('chrome on Mac (bbbbbb)');
  expect(names.of(C!)).toBe('Other');
  expect(names.of(D!)).toBe('This tab (dddddd)');
});

test('one that has gone keeps its name, with the short id: it may be back as another', () => {
  const names = new TabNames(SELF, [tab(C!, 'Chrome on Mac')], new Map([[B!, 'Chrome on Mac']]));
  expect(names.of(B!)).toBe('Chrome on Mac (bbbbbb)');
  expect(names.of(C!)).toBe('Chrome on Mac');
});

test('a name from right to left does not turn the sentence around', () => {
  expect(new TabNames(SELF, [tab(B!, 'حاسوب')], new Map()).of(B!)).toBe('\u2068حاسوب\u2069');
});

test('a hue is steady, and differs between tabs', () => {
  expect(tabHue('12D3KooWB8dF1hZk4uXn2vQw9rTy6pLs3mAe7cGj5oRiNtUx4fWd')).toBe(
    tabHue('12D3KooWB8dF1hZk4uXn2vQw9rTy6pLs3mAe7cGj5oRiNtUx4fWd'),
  );
  const hues = Array.from({ length: 3600 }, (_, index) => tabHue(`12D3KooW${index}`));
  expect(hues.every((hue) => Number.isInteger(hue) && hue >= 0 && hue < 360)).toBe(true);
  // Ten a degree, were they dealt evenly.
  expect(new Set(hues).size).toBeGreaterThan(350);
});

test('a browser is named by its brand, else by what it says of itself', () => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36';
  const brands = (...names: string[]) => names.map((brand) => ({ brand }));
  const agents: readonly (readonly [string, string, string?, string[]?])[] = [
    ['Chrome on Windows', chrome],
    ['Chrome on Windows', chrome, 'Windows', ['Chromium', 'Google Chrome', 'Not=A?Brand']],
    ['Chromium on Linux', chrome, 'Linux', ['Chromium', 'Not=A?Brand']],
    ['Brave on Windows', chrome, 'Windows', ['Brave', 'Chromium']],
    ['Edge on Windows', `${chrome} Edg/141.0`],
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'],
    [
      'Safari on Mac',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15',
    ],
    [
      'Safari on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1',
    ],
    ['Chrome on Android', 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36'],
    ['Browser', 'curl/8'],
  ];
  for (const [name, userAgent, platform, names] of agents) {
    const userAgentData = names && { brands: brands(...names), platform: platform ?? '' };
    expect(browserName({ userAgent, ...(userAgentData ? { userAgentData } : {}) }), userAgent).toBe(name);
  }
});
