import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** What the keys do, as the help lists them. */
export const shortcuts: [keys: string[], does: string][] = [
  [['Space', 'K'], 'Pause and go on'],
  [['M'], 'Sound on or off'],
  [['↑', '↓'], 'Louder, less loud'],
  [['←', '→'], 'Back and on by 10 s, with time shift'],
  [['L'], 'Go to the live edge'],
  [['F'], 'Full screen'],
  [['P'], 'Picture in picture'],
  [['I'], 'Statistics'],
  [['?'], 'This help'],
  [['Esc'], 'Close'],
];

/**
 * Gives keys to the player, by their names in lower case; `handle` says whether one meant something. Letters work
 * wherever the focus is. Arrows scroll the page and belong to menus and sliders: they work when the focus is in the
 * player, or the player is all there is to see.
 */
export function useKeys(box: RefObject<HTMLElement | null>, handle: (key: string) => boolean): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const arrow = event.key.startsWith('Arrow');
      if (event.repeat && !arrow) return;
      const target = event.target as Element;
      if (target.closest('textarea, [contenteditable], input:not([type=range])')) return;
      if (target.closest('input, select') && (arrow || event.key === ' ')) return;
      if (target.closest('select') && event.key.length === 1) return; // finds an entry by its letter
      if (event.key === ' ' && target.closest('button, a, summary')) return;
      const alone = document.fullscreenElement === box.current || document.body.classList.contains('embed');
      if (arrow && !alone && !box.current?.contains(target)) return;
      if (handle(event.key.toLowerCase())) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [handle]);
}
