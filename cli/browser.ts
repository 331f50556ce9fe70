import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BrowserContext, Browser as RunningBrowser } from 'playwright';

/** A Chromium to drive, and the SwiftShader that came with it. */
export interface Browser {
  readonly executablePath: string;
  /** What must be added to the environment before a process starts this browser, or Dawn on its SwiftShader. */
  readonly env: Readonly<Record<string, string>>;
}

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const SWIFTSHADER_FOLDERS = ['/usr/lib/chromium', '/opt/google/chrome'];

/** The flags that give WebGPU on SwiftShader and keep Chromium off the network. */
export const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-gpu-watchdog',
];

/**
 * `SHOAL_CHROMIUM`, an installed Chrome or Chromium, or the one that npm brought (`SHOAL_CHROMIUM=npm` forces it).
 * @throws Error where `SHOAL_CHROMIUM` names a file that there is not
 */
export async function findBrowser(): Promise<Browser> {
  const wanted = process.env.SHOAL_CHROMIUM;
  if (wanted === 'npm') return npmBrowser();
  if (wanted) return namedBrowser(wanted);
  const executablePath = INSTALLED.find((path) => existsSync(path));
  const folder = SWIFTSHADER_FOLDERS.find(hasSwiftShader);
  if (executablePath && folder) return { executablePath, env: swiftShaderEnv(folder) };
  return npmBrowser();
}

/** Where no SwiftShader is found it uses what it brings. */
function namedBrowser(executablePath: string): Browser {
  if (!existsSync(executablePath)) throw new Error(`SHOAL_CHROMIUM names ${executablePath}, which there is not.`);
  const folder = [dirname(executablePath), ...SWIFTSHADER_FOLDERS].find(hasSwiftShader);
  return { executablePath, env: folder ? swiftShaderEnv(folder) : {} };
}

function hasSwiftShader(folder: string): boolean {
  return existsSync(`${folder}/vk_swiftshader_icd.json`) && existsSync(`${folder}/libvulkan.so.1`);
}

/** Starts it without a window, with `flags` beside `CHROMIUM_FLAGS`. A signal ends it and this process. */
export async function launchBrowser(flags: readonly string[] = []): Promise<RunningBrowser> {
  const { chromium } = await import('playwright');
  return chromium.launch(await launchOptions(flags));
}

/**
 * A browser without a window for one set of tabs; its certificates are not asked after, as `serve --https` makes its own.
 * Closing it, which is the caller's to do also on a signal, ends the browser.
 * @param profileDir - where it keeps what pages store; nothing is kept when absent
 */
export async function openContext(flags: readonly string[], profileDir?: string): Promise<BrowserContext> {
  const { chromium } = await import('playwright');
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const options = { ...(await launchOptions(flags)), ...signals };
  if (profileDir !== undefined)
    return chromium.launchPersistentContext(profileDir, { ...options, ignoreHTTPSErrors: true });
  const browser = await chromium.launch(options);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.once('close', () => void browser.close().catch(() => undefined));
  return context;
}

async function launchOptions(flags: readonly string[]) {
  const { executablePath, env } = await findBrowser();
  return {
    executablePath,
    env: { ...process.env, ...env } as Record<string, string>,
    args: [...CHROMIUM_FLAGS, ...flags],
  };
}

async function npmBrowser(): Promise<Browser> {
  // Read at import: only then does the package unpack the system libraries that it carries.
  process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs22.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  const executablePath = await chromium.executablePath();
  const folder = dirname(executablePath);
  const libraries = process.env.LD_LIBRARY_PATH ?? '';
  return { executablePath, env: swiftShaderEnv(folder, libraries) };
}

function swiftShaderEnv(folder: string, libraries = process.env.LD_LIBRARY_PATH ?? ''): Record<string, string> {
  return {
    LD_LIBRARY_PATH: [folder, libraries].filter(Boolean).join(':'),
    VK_DRIVER_FILES: `${folder}/vk_swiftshader_icd.json`,
  };
}
