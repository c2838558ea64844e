"use strict";
// Shows the samples of one class; without it all are shown.
const filter = document.getElementById("filter");
if (filter) {
  filter.hidden = false;
  filter.addEventListener("change", () => {
    const chosen = filter.querySelector("input:checked").value;
    let shown = 0;
    for (const card of document.querySelectorAll("[data-classes]")) {
      card.hidden = chosen !== "" && !card.dataset.classes.split(" ").includes(chosen);
      shown += !card.hidden;
    }
    document.getElementById("shown").textContent = `${shown} samples shown.`;
  });
}
