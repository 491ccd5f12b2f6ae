"use strict";
// Each witness's diagram can be stepped through, with its buttons or the keyboard
// when it has the focus.
for (const stepper of document.querySelectorAll(".stepper")) {
  const frames = [...stepper.querySelectorAll(".frame")];
  const where = stepper.querySelector(".where");
  let now = frames.length - 1;
  const show = (i, scroll) => {
    now = Math.max(0, Math.min(frames.length - 1, i));
    frames.forEach((f, k) => { f.classList.toggle("later", k > now); f.classList.toggle("now", k === now); });
    where.textContent = frames.length ? `step ${frames[now].dataset.step} (${now + 1} of ${frames.length})` : "";
    if (scroll && frames[now]) {
      const drawing = stepper.querySelector(".drawing"), box = frames[now].getBoundingClientRect(), view = drawing.getBoundingClientRect();
      if (box.top < view.top || box.bottom > view.bottom) drawing.scrollTop += box.top - view.top - view.height / 2;
    }
  };
  const does = {
    start: () => show(0, true), back: () => show(now - 1, true), next: () => show(now + 1, true), end: () => show(frames.length - 1, true),
  };
  for (const b of stepper.querySelectorAll("button")) b.onclick = does[b.dataset.does];
  stepper.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const act = {
      ArrowRight: does.next, l: does.next, n: does.next, ArrowLeft: does.back, h: does.back, p: does.back,
      Home: does.start, g: does.start, End: does.end, G: does.end,
    }[e.key];
    if (act) { e.preventDefault(); act(); }
  });
  show(now, false);
}
