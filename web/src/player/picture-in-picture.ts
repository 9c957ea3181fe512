import type { RefObject } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';

/** iPhones know it by a name of their own. */
interface PhoneVideo extends HTMLVideoElement {
  webkitSupportsPresentationMode?(mode: string): boolean;
  webkitSetPresentationMode?(mode: string): void;
  webkitPresentationMode?: string;
}

export interface PictureInPicture {
  possible: boolean;
  on: boolean;
  toggle: () => void;
}

/** A small window of its own that stays above all others. */
export function usePictureInPicture(video: RefObject<PhoneVideo | null>): PictureInPicture {
  const [on, setOn] = useState(false);
  const [possible, setPossible] = useState(false);

  useEffect(() => {
    const element = video.current!;
    setPossible(
      document.pictureInPictureEnabled || !!element.webkitSupportsPresentationMode?.('picture-in-picture'),
    );
    const changed = () => {
      setOn(document.pictureInPictureElement === element || element.webkitPresentationMode === 'picture-in-picture');
    };
    const events = ['enterpictureinpicture', 'leavepictureinpicture', 'webkitpresentationmodechanged'];
    for (const event of events) element.addEventListener(event, changed);
    return () => {
      for (const event of events) element.removeEventListener(event, changed);
    };
  }, []);

  const toggle = useCallback(() => {
    const element = video.current!;
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    // Refused without a picture, or in a frame without the permission: then there is nothing to be done from here.
    else if (document.pictureInPictureEnabled) element.requestPictureInPicture().catch(() => {});
    else {
      const inline = element.webkitPresentationMode === 'picture-in-picture';
      element.webkitSetPresentationMode?.(inline ? 'inline' : 'picture-in-picture');
    }
  }, []);

  return { possible, on, toggle };
}
