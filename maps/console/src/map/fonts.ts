/**
 * The page's own fonts, for the map's text. The style names no glyph server, so the browser draws
 * every letter itself; without names of ours it would fall back to whatever sans-serif is.
 */
const FAMILIES = ["Noto Sans HK", "Noto Sans CJK HK", "PingFang HK", "Microsoft JhengHei"];

/** For Chinese. */
export const IDEOGRAPH_FONTS = [...FAMILIES.map((family) => `'${family}'`), "sans-serif"].join(",");

/** For everything else: `text-font` of each symbol layer. */
export const TEXT_FONTS = FAMILIES;
