/**
 * The colours of both themes: the one list behind the page's CSS variables, the map's style and the
 * vehicle layer. Status colours keep 3:1 against panel, land and water, and apart from each other
 * in four kinds of colour vision.
 */
export type ThemeName = "light" | "dark";

const light = {
  panel: "#FFFFFF",
  raised: "#F3F5F8",
  line: "#D5DAE0",
  control: "#858E98",
  text: "#1A1F24",
  secondary: "#4A525B",
  focus: "#0B57D0",
  "focus-gap": "#FFFFFF",
  action: "#0B57D0",
  "action-text": "#FFFFFF",
  chosen: "#E4EEFB",
  moving: "#0057A8",
  idling: "#8A5A00",
  stopped: "#2B3138",
  alert: "#8C0F1B",
  silent: "#6B737C",
  available: "#0A7D53",
  casing: "#FFFFFF",
  paper: "#E3E8EA",
  water: "#CFDDE6",
  land: "#F3F1EC",
  shore: "#A9BBC7",
  graticule: "#B5C6D2",
  "map-text": "#4A525B",
  "map-halo": "#FFFFFF",
  fence: "#6A3D9A",
};

export type Palette = Record<keyof typeof light, string>;

const dark: Palette = {
  panel: "#12181F",
  raised: "#1B232C",
  line: "#2E3843",
  control: "#76828E",
  text: "#F1F4F7",
  secondary: "#B6BFC9",
  focus: "#A8C7FA",
  "focus-gap": "#12181F",
  action: "#A8C7FA",
  "action-text": "#0B1A33",
  chosen: "#1D2C40",
  moving: "#4FA3F7",
  idling: "#F2B84B",
  stopped: "#E6EAEE",
  alert: "#FF4D6D",
  silent: "#8A949F",
  available: "#5FD3A8",
  casing: "#0B0F14",
  paper: "#10161C",
  water: "#0B1016",
  land: "#1A2128",
  shore: "#3A4652",
  graticule: "#1E2832",
  "map-text": "#B6BFC9",
  "map-halo": "#0B1016",
  fence: "#B79CE8",
};

export const PALETTES: Record<ThemeName, Palette> = { light, dark };
