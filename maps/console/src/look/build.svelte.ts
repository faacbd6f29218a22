/** Whether the service has a newer build of this page than the one that runs. */
class Build {
  #newer = $state(false);

  get newer(): boolean {
    return this.#newer;
  }

  /** `assets`: the scripts and styles that the page names which is served now. */
  isServed(assets: readonly string[]): void {
    const ours = new Set(
      [...document.querySelectorAll<HTMLElement>("script[src], link[href]")].map(
        (each) => each.getAttribute("src") ?? each.getAttribute("href"),
      ),
    );
    this.#newer = assets.some((asset) => !ours.has(asset));
  }
}

export const build = new Build();
