import { afterEach, describe, expect, test, vi } from 'vitest';
import { Locale } from '../../src/ui/locale.svelte.ts';
import { m } from '../../src/ui/messages/messages.js';
import { overwriteGetLocale } from '../../src/ui/messages/runtime.js';

afterEach(() => {
  overwriteGetLocale(() => 'en');
  vi.unstubAllGlobals();
});

describe('the language of the page', () => {
  test('is the one that the browser keeps or prefers, and then the one that is chosen', async () => {
    const page = { title: '', documentElement: { lang: '' } };
    vi.stubGlobal('document', page);
    overwriteGetLocale(() => 'zh');
    const locale = new Locale();
    await locale.begin();
    expect([locale.current, m.score(), page.documentElement.lang]).toEqual(['zh', '评分', 'zh-Hans']);
    await locale.choose('en');
    expect([locale.current, m.score(), page.documentElement.lang]).toEqual(['en', 'Score', 'en']);
  });
});
