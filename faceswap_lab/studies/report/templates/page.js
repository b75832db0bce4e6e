"use strict";
// Draws every plot at the width it finds and in the colours that the reader's system asks for, and again when either
// changes. The plots name colours by role ("@ink"); vega.py does the same in Python for the files.
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map(); // element → what frees its plot
  const SLACK = 8; // px: widths of panels are rounded, and labels at their ends reach a little out of them
  const untouched = new Set(["values", "domain", "sort"]); // data: an arm may be called "@ink"

  function paint(part, theme) {
    if (typeof part === "string") return part.startsWith("@") ? theme[part.slice(1)] || part : part;
    if (Array.isArray(part)) return part.map((one) => paint(one, theme));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, one]) => [key, untouched.has(key) ? one : paint(one, theme)]),
    );
  }

  function fitted(plot, width) {
    const spec = plot.spec;
    if (!spec.facet) return { ...spec, width, autosize: { type: "fit-x", contains: "padding" } };
    const between = spec.spacing + (plot.own_axes ? plot.left : 0);
    const room = width - plot.left + between;
    const fitting = Math.floor(room / (plot.least + between));
    const columns = Math.max(1, Math.min(plot.most, spec.facet.sort.length, fitting));
    const panel = Math.max(80, Math.floor(room / columns) - between - 8);
    const facet = { ...spec.facet, header: { ...spec.facet.header, labelLimit: panel } };
    return { ...spec, columns, facet, spec: { ...spec.spec, width: panel } };
  }

  async function draw(element) {
    const width = Math.floor(element.parentElement.clientWidth);
    if (width === 0) return;
    const theme = themes[dark.matches ? "dark" : "light"];
    const options = {
      mode: "vega-lite",
      actions: false,
      renderer: "svg",
      ast: true, // no code is made from strings, so the page can forbid it
      defaultStyle: false,
      tooltip: { theme: "page" },
    };
    const embed = async (room) => {
      const made = await vegaEmbed(element, paint(fitted(plots[element.dataset.plot], room), theme), options);
      if (drawn.has(element)) drawn.get(element)();
      drawn.set(element, made.finalize);
    };
    await embed(width);
    const over = Math.ceil(element.querySelector("svg").getBoundingClientRect().width - width);
    if (over > 0) await embed(width - over - SLACK); // labels beside the panels are wider than foreseen
  }

  let turn = 0;
  async function drawAll() {
    const mine = ++turn;
    document.documentElement.dataset.plots = "drawing";
    for (const element of document.querySelectorAll("[data-plot]")) {
      if (mine !== turn) return; // a newer round has begun
      try {
        await draw(element);
      } catch (error) {
        console.error(element.dataset.plot, error);
        element.textContent = "This plot could not be drawn.";
      }
      await new Promise((resume) => setTimeout(resume)); // the page stays alive in between
    }
    if (mine === turn) document.documentElement.dataset.plots = "drawn";
  }

  let width = document.documentElement.clientWidth;
  let waiting;
  window.addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return; // a phone's address bar came or went
    width = document.documentElement.clientWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  dark.addEventListener("change", drawAll);
  drawAll();
})();
