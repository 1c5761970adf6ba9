"use strict";
// Comforts only: without this script everything is there to read.
for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;

const checks = [...document.querySelectorAll("details.check")];
const search = document.getElementById("search");
const shown = document.getElementById("shown");
const wanted = new Set();

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const check of checks) {
    const text = check.firstElementChild.textContent.toLowerCase();
    const keep = (!wanted.size || wanted.has(check.dataset.verdict)) && words.every(w => text.includes(w));
    check.hidden = !keep;
    count += keep;
  }
  for (const service of document.querySelectorAll("section.service"))
    service.hidden = !service.querySelector("details.check:not([hidden])");
  shown.textContent = count === checks.length ? "" : `${count} of ${checks.length} shown`;
}
search?.addEventListener("input", filter);

document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.verdict) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    wanted[on ? "add" : "delete"](button.dataset.verdict);
    filter();
  } else if (button.dataset.open) {
    for (const check of checks) if (!check.hidden) check.open = button.dataset.open === "true";
  } else if ("copy" in button.dataset) {
    navigator.clipboard?.writeText(button.previousElementSibling.textContent).then(() => { button.textContent = "copied"; });
  }
});

// A link into a closed row opens it.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  target.hidden = false;
  for (let node = target; node; node = node.parentElement?.closest("details")) {
    if (node.tagName === "DETAILS") node.open = true;
  }
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// The pointer over a plot reads off the nearest point.
for (const svg of document.querySelectorAll("svg[data-read]")) {
  const points = JSON.parse(svg.dataset.read);
  const out = document.createElement("div");
  out.className = "reading";
  out.hidden = true;
  svg.closest("figure").append(out);
  const cursor = document.createElementNS(svg.namespaceURI, "path");
  cursor.setAttribute("class", "cursor");
  svg.append(cursor);
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    let near = points[0];
    for (const point of points) if (Math.abs(point[0] - x) < Math.abs(near[0] - x)) near = point;
    out.textContent = near[1];
    out.hidden = false;
    cursor.setAttribute("d", `M${near[0]} 12V${svg.viewBox.baseVal.height - 44}`);
  });
  svg.addEventListener("pointerleave", () => { out.hidden = true; cursor.removeAttribute("d"); });
}

// On paper every plot is there; afterwards what was closed is closed again.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.operation:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
