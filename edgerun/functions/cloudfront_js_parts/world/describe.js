// What was thrown, as the error's document.
(function (g) {
  "use strict";
  const {Error, JSON} = g;
  const {stringify} = JSON;
  const document = (type, message, stack) => stringify({type, message, stack});
  return (error) => {
    // Without memory for an error, the engine throws null.
    if (error === null) return document("InternalError", "out of memory", "");
    if (error instanceof Error) return document("" + error.name, "" + error.message, "" + (error.stack || ""));
    let text = "";
    try { text = typeof error === "object" ? stringify(error) : String(error); } catch (_) {}
    return document("Error", "" + text, "");
  };
})
