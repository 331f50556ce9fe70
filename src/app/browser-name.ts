/** What a browser says of itself where it says it in fields. @see https://wicg.github.io/ua-client-hints */
export interface BrowserFacts {
  readonly userAgent: string;
  readonly userAgentData?: {
    readonly brands: readonly { readonly brand: string }[];
    readonly platform: string;
  };
}

/** The first that fits is the closest: most browsers say that they are Chrome or Safari too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg(e|A|iOS)?\/|Microsoft Edge/, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser|Samsung Internet/, 'Samsung Internet'],
  [/Brave/, 'Brave'],
  [/Vivaldi/, 'Vivaldi'],
  [/(Firefox|FxiOS)\//, 'Firefox'],
  [/Google Chrome|CriOS\//, 'Chrome'],
  [/Chromium/, 'Chromium'],
  [/Chrome\/|HeadlessChrome/, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS|Chrome ?OS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Mac ?OS|Macintosh/, 'Mac'],
  [/Linux|X11/, 'Linux'],
];

/**
 * `Chrome on Windows`, as far as the browser tells.
 * @param on - says the two in the reader's language
 */
export function browserName(
  { userAgent, userAgentData }: BrowserFacts,
  on = (browser: string, system: string) => `${browser} on ${system}`,
): string {
  // Brands first: a browser that is made of another says its own name there, and only there.
  const brands = userAgentData?.brands.map(({ brand }) => brand).join(' ') ?? '';
  const browser = pick(BROWSERS, brands) ?? pick(BROWSERS, userAgent) ?? 'Browser';
  const system = pick(SYSTEMS, userAgentData?.platform ?? '') ?? pick(SYSTEMS, userAgent);
  return system ? on(browser, system) : browser;
}

function pick(names: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
