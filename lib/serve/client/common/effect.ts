// Effects whose cleanups always come.
import { useEffect as useHonoEffect, useLayoutEffect, useRef } from "hono/jsx";

/** What an effect holds, and whether its component is still there. */
interface Held {
  cleanup?: (() => void) | undefined;
  removed: boolean;
}

/**
 * Runs `effect` after the first drawing and whenever `deps` differ; its cleanup comes before it runs again and when the
 * component is removed.
 *
 * Use it instead of hono's. That one runs an effect in the next frame. If the component is drawn again before, it runs
 * the effect twice, or one that newer `deps` have replaced, and forgets the first cleanup; if the component is removed
 * before, it runs the effect all the same (hono 4.13, `useEffectCommon()` and `applyNodeObject()`).
 */
export function useEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void {
  const held = useRef<Held>({ removed: false }).current!;
  const end = () => {
    held.cleanup?.();
    held.cleanup = undefined;
  };
  // It runs at once, not in the next frame, so its own cleanup is never missed.
  useLayoutEffect(() => {
    held.removed = false;
    return () => {
      held.removed = true;
      end();
    };
  }, []);
  useHonoEffect(() => {
    end();
    if (held.removed) return;
    held.cleanup = effect() ?? undefined;
    return end;
  }, deps);
}
