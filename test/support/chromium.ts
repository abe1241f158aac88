/** Finds the browser that tests drive: `CHROMIUM`, else a Chromium or Chrome where Debian and macOS put them. */
import { findBrowser } from './find-browser.ts';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export function findChromium(): string {
  const install = 'Debian: apt-get install -y chromium; macOS: brew install --cask google-chrome';
  return findBrowser({ variable: 'CHROMIUM', what: 'a Chromium or Chrome', places, install });
}

/**
 * What nobody looks at in a test: the address bar of every new window is two pages of Chromium's own, which cost as much as
 * ours. The last flag of the kind counts, so Playwright's own choices that matter here stand in it again: without them
 * requests would go to its makers' servers, and a redirected request that a test watches would break off.
 */
const unwanted = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
  ...['AimEnabled', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'PreconnectToSearch', 'MediaRouter'],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'ThirdPartyStoragePartitioning', 'PaintHolding'],
  ...['HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable', 'AvoidUnnecessaryBeforeUnloadCheckSync'],
  'DestroyProfileOnBrowserClose',
];

/** Software WebGPU needs the one flag; a root user cannot have the sandbox. */
export function chromiumArguments(): string[] {
  const root = process.getuid?.() === 0;
  return [
    '--enable-unsafe-webgpu',
    `--disable-features=${unwanted.join(',')}`,
    ...(root ? ['--no-sandbox'] : []),
  ];
}
