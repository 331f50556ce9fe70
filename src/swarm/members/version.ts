import packageJson from '../../../package.json' with { type: 'json' };

/** The version that nodes tell each other. */
export const VERSION: string = packageJson.version;
