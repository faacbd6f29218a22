// The reference, in the colours that this browser likes.
import { applyTheme, say, sayAll } from "./words.js";

sayAll();
document.title = say("referenceTitle");
document.getElementById("reference").setAttribute("theme", applyTheme());
