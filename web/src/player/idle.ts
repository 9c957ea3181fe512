import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Whether nobody has touched the box for a while, so that the controls may leave the picture. */
export function useIdle(box: RefObject<HTMLElement | null>): boolean {
  const [idle, setIdle] = useState(false);

  useEffect(() => {
    const element = box.current!;
    let timer: ReturnType<typeof setTimeout>;
    const stir = () => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(true), 2500);
    };
    const leave = (event: PointerEvent) => event.pointerType === 'mouse' && setIdle(true);
    stir();
    element.addEventListener('pointermove', stir);
    element.addEventListener('pointerdown', stir);
    element.addEventListener('keydown', stir);
    element.addEventListener('focusin', stir);
    element.addEventListener('pointerleave', leave);
    return () => {
      clearTimeout(timer);
      element.removeEventListener('pointermove', stir);
      element.removeEventListener('pointerdown', stir);
      element.removeEventListener('keydown', stir);
      element.removeEventListener('focusin', stir);
      element.removeEventListener('pointerleave', leave);
    };
  }, []);

  return idle;
}
