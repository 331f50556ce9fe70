export * from '../../cli/browser.ts';
