/** Whether somebody asked their system for less motion. */
export const STILL = matchMedia("(prefers-reduced-motion: reduce)");
