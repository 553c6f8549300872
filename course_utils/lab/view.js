// The picture and the status line of a lab; and spoken names for the sliders beside them, which bring none.

const PNG = { type: "image/png" };

function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "course-figure";
  image.decoding = "sync"; // in the same frame as the words below it
  const line = document.createElement("div");
  line.className = "course-status";
  line.setAttribute("role", "status");
  el.classList.add("course-view");
  el.append(image, line);

  let shown = null; // the bytes on the screen
  let address = null; // where the browser has them

  async function show() {
    const received = performance.now();
    const message = model.get("message");
    const bytes = model.get("picture");
    image.alt = model.get("alt");
    image.style.width = `${model.get("width")}px`;
    image.hidden = bytes.byteLength === 0;
    if (bytes !== shown && bytes.byteLength > 0) {
      shown = bytes;
      const old = address;
      address = URL.createObjectURL(new Blob([bytes], PNG));
      await loaded(image, address);
      if (old) URL.revokeObjectURL(old);
      if (message !== model.get("message")) return; // the newer one brings its own words
    }
    const state = model.get("state");
    // Many frames a second would drown a screen reader: it speaks when training ends.
    line.setAttribute("aria-busy", String(state === "training"));
    line.textContent = model.get("words");
    line.dataset.state = state;
    line.dataset.generation = model.get("generation");
    tellWhenPainted({
      message,
      state,
      words: line.textContent,
      generation: model.get("generation"),
      spent: model.get("spent"),
      received,
    });
  }

  function tellWhenPainted(detail) {
    requestAnimationFrame(() =>
      setTimeout(() => {
        detail.painted = performance.now();
        el.dispatchEvent(new CustomEvent("course-painted", { bubbles: true, detail }));
      }),
    );
  }

  model.on("change:message", show);
  show();

  const watcher = new MutationObserver(() => nameControls(el.closest(".course-lab")));
  let gone = false;
  (function whenAttached() {
    const lab = el.closest(".course-lab");
    if (lab) {
      lab.setAttribute("role", "group");
      lab.setAttribute("aria-label", "Lab");
      nameControls(lab);
      watcher.observe(lab, {
        subtree: true,
        childList: true,
        characterData: true,
        attributeFilter: ["aria-valuetext"],
      });
    } else if (!gone) {
      requestAnimationFrame(whenAttached);
    }
  })();

  return () => {
    gone = true;
    watcher.disconnect();
    model.off("change:message", show);
    if (address) URL.revokeObjectURL(address);
  };
}

/** Gives every slider the name and the value that are written beside it. */
function nameControls(lab) {
  for (const handle of lab?.querySelectorAll(".noUi-handle") ?? []) {
    const row = handle.closest(".jupyter-widgets");
    const name = row.querySelector(".widget-label")?.textContent ?? "";
    const readout = row.querySelector(".widget-readout");
    set(handle, "aria-label", name);
    if (readout) {
      set(handle, "aria-valuetext", readout.textContent);
      set(readout, "role", "textbox");
      set(readout, "aria-label", `${name}, as a number`);
    }
  }
}

/** Shows another picture; done when the browser has it, or when a newer one takes its place. */
function loaded(image, address) {
  image.onload?.();
  return new Promise((resolve) => {
    image.onload = image.onerror = resolve;
    image.src = address;
  });
}

function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

export default { render };
