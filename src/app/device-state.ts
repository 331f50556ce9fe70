import { type Signal, signal } from '@preact/signals';
import { ShoalError } from '../core/errors.ts';

/** Without touch, key or pointer for so long the device is idle. */
const IDLE_AFTER_MS = 60_000;

interface Battery extends EventTarget {
  readonly charging: boolean;
}

/** @see https://developer.mozilla.org/docs/Web/API/IdleDetector - Chromium only, asks the person */
interface IdleWatch extends EventTarget {
  readonly userState: 'active' | 'idle' | null;
  readonly screenState: 'locked' | 'unlocked' | null;
  start(options: { readonly threshold: number }): Promise<void>;
}
interface IdleWatchClass {
  new (): IdleWatch;
  requestPermission(): Promise<PermissionState>;
}

/** Whether the device charges, and whether its person is away, as far as the browser tells. */
export class DeviceState {
  /** Undefined where the browser does not tell. */
  readonly charging: Signal<boolean | undefined> = signal(undefined);
  /** Undefined until the browser tells. */
  readonly idle: Signal<boolean | undefined> = signal(undefined);
  readonly tellsIdle = 'IdleDetector' in globalThis;
  #watchesIdle = false;

  async watchCharging(): Promise<void> {
    const { getBattery } = navigator as Navigator & { getBattery?: () => Promise<Battery> };
    const battery = await getBattery?.call(navigator).catch(() => undefined);
    if (!battery) return;
    const update = () => {
      this.charging.value = battery.charging;
    };
    battery.addEventListener('chargingchange', update);
    update();
  }

  /**
   * @param ask - by a click of the person: the browser asks whether the page may know
   * @throws ShoalError `consent-required` when it may not
   */
  async watchIdle({ ask }: { readonly ask: boolean }): Promise<void> {
    if (this.#watchesIdle || !this.tellsIdle) return;
    const { IdleDetector } = globalThis as unknown as { readonly IdleDetector: IdleWatchClass };
    if (ask && (await IdleDetector.requestPermission()) !== 'granted') {
      throw new ShoalError(
        'consent-required',
        'The browser may not tell whether you are away. Allow it for this page.',
      );
    }
    const watch = new IdleDetector();
    const update = () => {
      this.idle.value = watch.userState === 'idle' || watch.screenState === 'locked';
    };
    watch.addEventListener('change', update);
    await watch.start({ threshold: IDLE_AFTER_MS });
    this.#watchesIdle = true;
    update();
  }
}
