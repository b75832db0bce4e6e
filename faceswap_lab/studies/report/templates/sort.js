"use strict";
// Lets a click on a head sort the rows of a table with the class "sortable"; once more, the other way.
(() => {
  const UNITS = { k: 1e3, M: 1e6 };

  // What a cell of numbers (class "n") says as it is written ("−0.021 to +0.003", "1.06 M", "63 %"), or a text.
  function value(row, column) {
    const cell = row.cells[column];
    const text = (cell.dataset.value || cell.textContent).trim();
    const number = Number.parseFloat(text.replace("−", "-").replaceAll(",", "").replace("< ", ""));
    if (!cell.classList.contains("n") || Number.isNaN(number)) return text; // a commit may begin with digits
    return number * (UNITS[text.split(" ").pop()] || 1);
  }

  function compare(one, other) {
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1; // numbers first
    return typeof one === "number" ? one - other : one.localeCompare(other);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const each of heads) each.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [value(row, column), row]);
        rows.sort(([one], [other]) => (up ? compare(one, other) : compare(other, one)));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }
})();
