/** Tells one piece of work that another has left something for it. */
export class Doorbell {
  #isRung = false;
  readonly #waiting = new Set<() => void>();

  ring(): void {
    this.#isRung = true;
    for (const wake of this.#waiting) wake();
  }

  /** Returns when it has been rung since the last time, after that time, or when the signal is aborted. */
  async wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (!this.#isRung && !signal?.aborted) await this.#ringing(milliseconds, signal);
    this.#isRung = false;
  }

  #ringing(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal?.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}
