// Examples with this service's address and a key in the place of the environment.

export const LANGUAGES = { sh: "curl", python: "Python", js: "JavaScript" };
const NO_KEY = "mp_…";

/** A program of docs/api.md that needs no environment any more. */
export function filledIn(text, language, key) {
  const address = new URL("..", location.href).href.replace(/\/$/, "");
  const shown = key ?? NO_KEY;
  const [ofAddress, ofKey] = [JSON.stringify(address), JSON.stringify(shown)];
  if (language === "sh") return text.replaceAll("$MILEPOST", address).replaceAll("$KEY", shown);
  if (language === "python") {
    return text
      .replaceAll(`{os.environ['MILEPOST']}`, address)
      .replaceAll(`{os.environ['KEY']}`, shown)
      .replaceAll(`os.environ["MILEPOST"]`, ofAddress)
      .replace(/^import os\n/m, "");
  }
  return text
    .replaceAll("${process.env.MILEPOST}", address)
    .replaceAll("${process.env.KEY}", shown)
    .replaceAll("process.env.MILEPOST", ofAddress)
    .replaceAll("process.env.KEY", ofKey);
}
