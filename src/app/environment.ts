import { detectSiteData } from '../store/idb/site-data.ts';
import type { Environment, Lack } from './app-model.ts';

/** What this browser can do, as the page tells the person. Asks for an adapter, takes no device. */
export async function detectEnvironment(): Promise<Pick<Environment, 'secureContext' | 'webgpu' | 'adapter'>> {
  const secureContext = globalThis.isSecureContext;
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) return { secureContext, webgpu: 'missing', adapter: '' };
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const software =
    isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software/i.test(`${architecture} ${description}`);
  return {
    secureContext,
    webgpu: software ? 'software' : 'available',
    adapter: description || [vendor, architecture].filter(Boolean).join(' '),
  };
}

/** What this browser lacks of what the page uses. */
export async function detectLacks(): Promise<readonly Lack[]> {
  const lacks: Lack[] = [];
  if (!('RTCPeerConnection' in globalThis)) lacks.push('webrtc');
  const siteData = await detectSiteData();
  if (siteData === 'none') lacks.push('site-data');
  if (siteData === 'private') lacks.push('lasting-site-data');
  if (!globalThis.crossOriginIsolated) lacks.push('threads');
  return lacks;
}
