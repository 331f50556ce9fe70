import { networkAddresses } from '../../signaling-server/addresses.ts';

/** Next to the page's own. */
export const DEFAULT_BRIDGE_PORT = 8788;

/** Says so where other machines may use the API without a key. */
export function warnOpenHost(host: string, key: string | undefined): void {
  if (key !== undefined || networkAddresses([host]).length === 0) return;
  console.error(`shoal: Whoever reaches ${host} may use the API; --key KEY lets in only those who have the key.`);
}
