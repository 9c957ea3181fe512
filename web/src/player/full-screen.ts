import type { RefObject } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';

/** iPhones know full screen for the bare video only, by a name of their own. */
interface PhoneVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
}

export interface FullScreen {
  on: boolean;
  toggle: () => void;
}

export function useFullScreen(box: RefObject<HTMLElement | null>, video: RefObject<PhoneVideo | null>): FullScreen {
  const [on, setOn] = useState(false);

  useEffect(() => {
    const changed = () => setOn(document.fullscreenElement === box.current);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);

  const toggle = useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen();
    // Refused in a frame without the permission: then there is nothing to be done from here.
    else if (box.current?.requestFullscreen) box.current.requestFullscreen().catch(() => {});
    else video.current?.webkitEnterFullscreen?.();
  }, []);

  return { on, toggle };
}
