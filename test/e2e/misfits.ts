/** What of a page's text cannot be read where it stands: cut off, outside of its box, or beside the page. */
import type { Page } from 'playwright';

/** One line a piece of text, and one if the page scrolls sideways. */
export function findMisfits(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} wide in ${clientWidth}`);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const parent = text.parentElement;
      // a field scrolls by itself; the glass is drawn, and its numbers stand beside it
      if (!parent || text.textContent?.trim() === '' || parent.closest('.visually-hidden, textarea, svg'))
        continue;
      if (!parent.checkVisibility()) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      const say = (what: string): void => {
        found.push(
          `${what}: "${text.textContent?.trim()}" in ${parent.tagName.toLowerCase()} ${parent.className}`,
        );
      };
      // a pixel: boxes end between pixels
      if (left < -1 || right > clientWidth + 1) say('beside the page');
      const box = parent.closest('button, th, td, li, p, label, h1, h2, h3, dt, dd, summary, legend');
      const room = box?.getBoundingClientRect();
      if (room && (left < room.left - 1 || right > room.right + 1)) say('outside of its box');
      for (let around: Element | null = parent; around; around = around.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(around);
        const edge = around.getBoundingClientRect();
        if (overflowX !== 'visible' && (left < edge.left - 1 || right > edge.right + 1)) say('cut off');
        else if (overflowY === 'hidden' && (top < edge.top - 1 || bottom > edge.bottom + 1)) say('cut off');
      }
    }
    return found;
  });
}
