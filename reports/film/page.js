"use strict";
// The page has the film as JSON and its diagram as SVG; this moves through it.
(() => {
  const film = JSON.parse(document.getElementById("film").textContent);
  const frames = film.frames, by = (id) => document.getElementById(id);
  const slider = by("slider"), groups = [...document.querySelectorAll("#diagram .frame")];
  let now = -1, node = 1, playing = 0;

  // States after every stride'th frame, so that going anywhere is short.
  const stride = 50, marks = [];
  const fresh = () => ({ states: film.nodes.map(() => new Map()), inbox: new Map() });
  const copy = (w) => ({ states: w.states.map((s) => new Map(s)), inbox: new Map(w.inbox) });
  // The state of a node; film.whole: there is one, of all together.
  const stateOf = (w, n) => w.states[film.whole ? 0 : n - 1];
  const apply = (w, f) => {
    for (const c of f.changes || []) {
      if (c.v === null) stateOf(w, f.node).delete(c.p); else stateOf(w, f.node).set(c.p, c.v);
    }
    if (f.received) w.inbox.delete(f.received);
    for (const m of f.sent || []) w.inbox.set(m.id, m);
    for (const id of f.gone || []) w.inbox.delete(id);
  };
  {
    const w = fresh();
    frames.forEach((f, i) => { if (i % stride === 0) marks.push(copy(w)); apply(w, f); });
  }
  const worldAfter = (i) => {
    const w = marks.length ? copy(marks[Math.floor(i / stride)]) : fresh();
    for (let k = Math.floor(i / stride) * stride; k <= i; k++) apply(w, frames[k]);
    return w;
  };

  const element = (tag, text, className) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  };
  const fill = (parent, children, otherwise) =>
    parent.replaceChildren(...(children.length ? children : [element("li", otherwise)]));
  const seconds = (ns) => (ns / 1e9).toFixed(3) + " s";

  const show = (i) => {
    if (!frames.length) return;
    now = Math.max(0, Math.min(frames.length - 1, i));
    const f = frames[now];
    slider.value = now;
    slider.setAttribute("aria-valuetext", `step ${f.n}, ${seconds(f.t)}`);
    by("where").textContent = `step ${f.n} of ${film.steps} · ${seconds(f.t)} · frame ${now + 1} of ${frames.length}`;
    by("what").textContent = f.text;
    let said = "";
    for (const line of film.story) if (line.at <= f.t && (line.kind === "say" || line.kind === "ask")) said = line.text;
    by("say").textContent = said;
    groups.forEach((g, k) => { g.classList.toggle("past", k <= now); g.classList.toggle("now", k === now); });
    if (groups[now]) groups[now].scrollIntoView({ block: "nearest" });
    if (f.node && by("follow").checked) node = f.node;
    sides(f);
  };

  const sides = (f) => {
    const w = worldAfter(now);
    [...by("nodes").children].forEach((b, k) => b.setAttribute("aria-pressed", k + 1 === node));
    fill(by("effects"), [
      ...(f.effects || []).map((t) => element("li", t)),
      ...(f.sent || []).map((m) => element("li", `sends ${m.name} to ${film.nodes[m.to - 1]} ${m.text}`)),
    ], "nothing");
    fill(by("inbox"), [...w.inbox.values()].filter((m) => m.to === node)
      .map((m) => element("li", `${m.name} from ${film.nodes[m.from - 1]} ${m.text}`)), "empty");
    const changed = new Set(film.whole || f.node === node ? (f.changes || []).map((c) => c.p) : []);
    const rows = [...stateOf(w, node)].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([path, value]) => {
      const row = element("tr", undefined, changed.has(path) ? "changed" : "");
      row.append(element("td", path), element("td", value));
      return row;
    });
    by("state").replaceChildren(...(rows.length ? rows : [element("tr", "down, or not known")]));
  };

  film.nodes.forEach((name, k) => {
    const b = element("button", name);
    b.onclick = () => { node = k + 1; by("follow").checked = false; sides(frames[now]); };
    by("nodes").append(b);
  });
  const violated = film.verdicts.map((v) => v.step).filter((s) => s > 0).sort((a, b) => a - b);
  fill(by("verdicts"), film.verdicts.map((v) =>
    element("li", `${{ holds: "✓", violated: "✗" }[v.verdict] || "?"} ${v.property}: ${v.verdict}${v.witness ? " — " + v.witness : ""}`, v.verdict)), "none");
  const at = (step) => { const i = frames.findIndex((f) => f.n >= step); return i < 0 ? frames.length - 1 : i; };
  const nextViolation = () => { const s = violated.find((v) => v > frames[now].n) || violated[0]; if (s) show(at(s)); };
  const play = () => {
    if (playing) { clearInterval(playing); playing = 0; } else {
      playing = setInterval(() => { if (now + 1 >= frames.length) play(); else show(now + 1); }, 350);
    }
    by("play").textContent = playing ? "pause" : "play";
  };
  by("first").onclick = () => show(0);
  by("back").onclick = () => show(now - 1);
  by("play").onclick = play;
  by("next").onclick = () => show(now + 1);
  by("last").onclick = () => show(frames.length - 1);
  by("violation").onclick = nextViolation;
  by("violation").hidden = !violated.length;
  slider.max = Math.max(0, frames.length - 1);
  slider.oninput = () => show(+slider.value);
  groups.forEach((g, k) => { g.style.cursor = "pointer"; g.onclick = () => show(k); });
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const does = {
      ArrowRight: () => show(now + 1), l: () => show(now + 1), n: () => show(now + 1),
      ArrowLeft: () => show(now - 1), h: () => show(now - 1), p: () => show(now - 1),
      Home: () => show(0), g: () => show(0), End: () => show(frames.length - 1), G: () => show(frames.length - 1), v: nextViolation,
    }[e.key];
    if (e.key === " " && e.target.tagName !== "BUTTON") { e.preventDefault(); play(); }
    if (does) { e.preventDefault(); does(); }
  });
  const asked = /^#step=(\d+)$/.exec(location.hash);
  show(asked ? at(+asked[1]) : film.start || 0);
})();
