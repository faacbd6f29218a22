/** Reads a switch that this browser remembers. */
export function remembered(key: string, otherwise: boolean): boolean {
  return (localStorage.getItem(key) ?? String(otherwise)) === "true";
}

/** Remembers it. */
export function remember(key: string, on: boolean): void {
  localStorage.setItem(key, String(on));
}
