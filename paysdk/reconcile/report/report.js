"use strict";
(() => {
  // Print the amounts by month, too.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  const table = document.getElementById("differences");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headers = Array.from(table.tHead.rows[0].cells);
  const ranks = new Map(rows.map((row) => [row, row.dataset.ranks.split(" ").map(Number)]));
  const plain = (text) => text.toLowerCase().replaceAll("\u2212", "-");
  // The search finds an amount with and without the commas between thousands.
  const searchable = (row) => {
    const text = plain(Array.from(row.querySelectorAll("th, td, li, span"), leafText).join(" "));
    return `${text} ${text.replace(/(\d),(?=\d{3})/g, "$1")}`;
  };
  const leafText = (element) => Array.from(element.childNodes, (node) => (node.localName === "bdi" || node.nodeType === Node.TEXT_NODE ? node.textContent : "")).join("");
  const texts = new Map(rows.map((row) => [row, searchable(row)]));
  // The texts that a search word can mean: 1.236,56 and 1'236.56 also mean 1236.56.
  function readings(word) {
    if (!/^[-+]?\d[\d.,'\u2019]*$/.test(word)) return [word];
    const found = [word, word.replace(/[,'\u2019]/g, "")];
    if (/^[^,]*,\d*$/.test(word)) found.push(word.replace(/[.'\u2019]/g, "").replace(",", "."));
    if (/^[-+]?\d{1,3}(\.\d{3})+$/.test(word)) found.push(word.replaceAll(".", ""));
    return found;
  }
  const tools = document.getElementById("tools");
  const search = document.getElementById("search");
  const finding = document.getElementById("finding");
  const order = document.getElementById("order");
  const shown = document.getElementById("shown");

  // The ranks come from exact amounts. JavaScript would round the amounts themselves.
  function sort(column, direction) {
    const sign = direction === "ascending" ? 1 : -1;
    rows.sort((one, other) => sign * (ranks.get(one)[column] - ranks.get(other)[column]));
    body.append(...rows);
    order.value = `${column} ${direction}`;
    headers.forEach((header, place) => {
      if (place === column) header.setAttribute("aria-sort", direction);
      else header.removeAttribute("aria-sort");
    });
  }

  function filter() {
    const words = plain(search.value).split(/\s+/).filter(Boolean).map(readings);
    let count = 0;
    for (const row of rows) {
      const fits = (!finding.value || row.dataset.status === finding.value) && words.every((forms) => forms.some((form) => texts.get(row).includes(form)));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  }

  // The first order of the rows is one more column, without a header.
  rows.forEach((row, place) => ranks.get(row).push(place));
  order.add(new Option("Largest amounts", `${headers.length} ascending`));
  headers.forEach((header, column) => {
    for (const [direction, arrow] of [["ascending", "\u2191"], ["descending", "\u2193"]]) {
      order.add(new Option(`${header.textContent} ${arrow}`, `${column} ${direction}`));
    }
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      sort(column, header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  });
  search.addEventListener("input", filter);
  finding.addEventListener("change", filter);
  order.addEventListener("change", () => {
    const [column, direction] = order.value.split(" ");
    sort(Number(column), direction);
  });
  tools.hidden = false;
  filter();
})();
