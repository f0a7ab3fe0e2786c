"use strict";

// Theme: follows the system until the reader chooses.
const root = document.documentElement;
const button = document.getElementById("theme");
const stored = () => { try { return localStorage.getItem("kerasdeep-theme"); } catch { return null; } };
const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const nameTheme = () => { document.getElementById("theme-word").textContent = isDark() ? "Light" : "Dark"; };
if (stored()) root.dataset.theme = stored();
button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("kerasdeep-theme", root.dataset.theme); } catch { /* private window */ }
  nameTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
nameTheme();

// Charts: the values under the pointer, or of the point that the arrow keys reached, stand above the plot.
const groups = {};

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.kind = figure.dataset.kind;
    this.points = JSON.parse(figure.querySelector("script").textContent);
    this.plot = figure.querySelector(".plot");
    this.cursor = figure.querySelector(".cursor");
    this.dots = [...figure.querySelectorAll(".dot")];
    this.when = figure.querySelector(".when b");
    this.values = [...figure.querySelectorAll(".series b")];
    this.trials = [...figure.querySelectorAll("path.trial")];
    this.at = this.points.shown;
    this.last = this.points.left.length - 1;
    this.group = figure.dataset.group ? (groups[figure.dataset.group] ||= []) : [];
    this.group.push(this);
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "slider");
    this.plot.setAttribute("aria-valuemin", 0);
    this.plot.setAttribute("aria-valuemax", this.last);
    this.tell();
    this.plot.addEventListener("pointermove", (event) => this.move(this.nearest(event)));
    this.plot.addEventListener("pointerdown", (event) => this.move(this.nearest(event)));
    this.plot.addEventListener("pointerleave", () => this.group.forEach((chart) => chart.rest()));
    this.plot.addEventListener("focus", () => this.move(this.at));
    this.plot.addEventListener("blur", () => this.group.forEach((chart) => chart.rest()));
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  nearest(event) {
    const box = this.plot.getBoundingClientRect();
    const x = (100 * (event.clientX - box.left)) / box.width;
    const y = (100 * (event.clientY - box.top)) / box.height;
    if (this.kind === "parallel") {
      const at = this.points.lines[0].at;
      const axis = Math.max(0, Math.min(at[0].length - 1, Math.round((x / 100) * (at[0].length - 1))));
      return at.reduce((best, tops, number) => (Math.abs(tops[axis] - y) < Math.abs(at[best][axis] - y) ? number : best), 0);
    }
    const tops = this.kind === "scatter" ? this.points.lines[0].at : null;
    let best = 0;
    let least = Infinity;
    this.points.left.forEach((left, number) => {
      const distance = (left - x) ** 2 + (tops ? (tops[number] - y) ** 2 : 0);
      if (distance < least) [best, least] = [number, distance];
    });
    return best;
  }

  key(event) {
    const page = Math.max(1, Math.round(this.last / 10));
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -page, PageUp: page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(Math.min(this.last, Math.max(0, this.at + steps[event.key])));
  }

  move(number) {
    for (const chart of this.group) if (number <= chart.last) chart.show(number);
  }

  show(number) {
    const { left, x, lines } = this.points;
    this.at = number;
    if (this.when) this.when.textContent = x[number];
    lines.forEach((line, index) => {
      this.values[index].textContent = line.said[number];
      const dot = this.dots[index];
      const at = line.at && line.at[number];
      if (!dot) return;
      dot.hidden = at === null;
      dot.style.left = left[number] + "%";
      dot.style.top = at + "%";
    });
    this.trials.forEach((path, index) => path.classList.toggle("shown", index === number));
    if (this.cursor) this.cursor.style.left = left[number] + "%";
    this.figure.classList.add("reading");
    this.tell();
  }

  tell() {
    const { x, lines } = this.points;
    const when = x.length ? (this.figure.dataset.unit ? this.figure.dataset.unit + " " : "") + x[this.at] + ": " : "";
    this.plot.setAttribute("aria-valuenow", this.at);
    this.plot.setAttribute("aria-valuetext", when + lines.map((line) => `${line.name} ${line.said[this.at]}`.trim()).join(", "));
  }

  rest() {
    if (this.group.some((chart) => chart.plot === document.activeElement)) return;
    if (this.kind !== "scatter") this.show(this.points.shown);
    this.figure.classList.remove("reading");
    this.trials.forEach((path) => path.classList.remove("shown"));
  }
}

document.querySelectorAll("figure.chart").forEach((figure) => new Chart(figure));

// Commands can be copied where the browser allows it.
if (navigator.clipboard) {
  document.querySelectorAll(".copy").forEach((copy) => {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(copy.previousElementSibling.textContent);
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  });
}

// Paper is white, and on it nothing can be unfolded or scrolled.
let closed = [];
let theme;
addEventListener("beforeprint", () => {
  theme = root.dataset.theme;
  root.dataset.theme = "light";
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  closed.forEach((part) => { part.open = false; });
});
