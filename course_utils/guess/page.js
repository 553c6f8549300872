// A question with the form that its kind needs, the line that says what is kept, and the answer above them.

const SVG = "http://www.w3.org/2000/svg";
const PATIENCE = 4000; // milliseconds after which the kernel is taken to be busy or gone

function render({ model, el }) {
  el.classList.add("course-guess");
  const id = `course-guess-${Math.random().toString(36).slice(2)}`; // shared by no other form of the page
  const form = model.get("form");

  const answer = make("div", { class: "course-guess-answer" });
  const heading = make("p", { class: "course-guess-heading" });
  const question = make("legend", { id: `${id}-question` }, form.question);
  const field = make("fieldset", {}, question);
  const asked = make("form", { novalidate: "" }, field);
  const status = make("p", { class: "course-guess-status", role: "status" });
  const kind = { choice, number, curve }[form.kind](form, id);
  field.append(kind.root, make("button", { type: "submit" }, "Keep my guess"));
  el.append(answer, heading, asked, status);
  // JupyterLab's commands of one letter are not meant for who answers a question. It asks the focused element itself.
  for (const one of field.querySelectorAll("input, select, button, [tabindex]")) {
    one.setAttribute("data-lm-suppress-shortcuts", "true");
  }

  let waiting = null;

  function show() {
    clearTimeout(waiting);
    answer.innerHTML = model.get("answer");
    heading.textContent = model.get("heading");
    asked.hidden = !model.get("asks");
    heading.hidden = asked.hidden || !heading.textContent;
    field.disabled = model.get("locked");
    kind.enable?.(!field.disabled);
    const kept = model.get("kept");
    if ("guess" in kept) kind.set(kept);
    status.textContent = model.get("status");
  }

  // In a notebook the browser does not send a form by itself when Enter is pressed.
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    asked.requestSubmit();
  });

  asked.addEventListener("submit", (event) => {
    event.preventDefault();
    const entered = kind.get();
    if (entered.missing) {
      status.textContent = entered.missing;
      return;
    }
    status.textContent = "Sending your guess …";
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent =
        "Not kept yet: the kernel is busy, or was restarted. If no cell is running, run this cell again.";
    }, PATIENCE);
    model.send(entered);
  });

  model.on("change:message", show);
  show();
  return () => {
    clearTimeout(waiting);
    model.off("change:message", show);
  };
}

/** One of several options, and how sure one is. */
function choice(form, id) {
  const radios = form.options.map((option) => make("input", { type: "radio", name: id, value: option }));
  const options = radios.map((radio, index) => make("label", {}, radio, ` ${form.options[index]}`));
  const levels = form.sure.map((sure) => make("option", { value: sure }, sure ? `${sure} %` : "no idea"));
  const sure = make("select", {}, make("option", { value: "" }, "not said"), ...levels);
  return {
    root: make("div", {}, ...options, make("label", {}, "How sure are you? ", sure)),
    get() {
      const chosen = radios.find((radio) => radio.checked);
      if (!chosen) return { missing: "Not kept yet: choose one of the options first." };
      return { guess: chosen.value, sure: sure.value === "" ? null : Number(sure.value) };
    },
    set(kept) {
      for (const radio of radios) radio.checked = radio.value === kept.guess;
      sure.value = kept.sure ?? "";
    },
  };
}

/** A number, and a range around it. */
function number(form) {
  const box = () => make("input", { type: "text", inputmode: "decimal", size: "8", autocomplete: "off" });
  const [guess, from, to] = [box(), box(), box()];
  const unit = form.unit ? ` ${form.unit}` : "";
  const about = `${unit} (from ${form.between[0]} to ${form.between[1]})`;
  return {
    root: make(
      "div",
      {},
      make("label", {}, "Your guess: ", guess, about),
      make(
        "span",
        { class: "course-guess-range" },
        make("label", {}, "If you like: 90 % sure that it lies between ", from),
        make("label", {}, " and ", to),
      ),
    ),
    get() {
      if (!guess.value.trim()) return { missing: "Not kept yet: enter a number first." };
      return { guess: { guess: guess.value, from: from.value, to: to.value } };
    },
    set(kept) {
      guess.value = kept.guess.guess ?? "";
      from.value = kept.guess.from ?? "";
      to.value = kept.guess.to ?? "";
    },
  };
}

/** A curve through points that mouse, finger and arrow keys move. */
function curve(form, id) {
  const [left, top, width, height] = [64, 12, 480, 220];
  const size = { width: left + width + 24, height: top + height + 50 };
  const last = form.at.length - 1;
  const places = form.at.map(() => 0.5); // heights, 0 below to 1 above
  let drawn = false;
  let enabled = true;

  const x = (place) => left + width * place;
  const y = (place) => top + height * (1 - place);
  const svg = shape("svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "group" });
  svg.setAttribute("aria-label", "Your curve");
  svg.setAttribute("aria-describedby", `${id}-hint`);
  svg.style.maxWidth = `${size.width}px`;
  for (const [place, label] of form.x.ticks) {
    svg.append(shape("line", { class: "grid", x1: x(place), x2: x(place), y1: y(0), y2: y(1) }));
    svg.append(text(label, x(place), y(0) + 16, "middle"));
  }
  for (const [place, label] of form.y.ticks) {
    svg.append(shape("line", { class: "grid", x1: x(0), x2: x(1), y1: y(place), y2: y(place) }));
    svg.append(text(label, left - 8, y(place) + 4, "end"));
  }
  svg.append(text(form.x.label, x(0.5), y(0) + 38, "middle"));
  const upward = text(form.y.label, 0, 0, "middle");
  upward.setAttribute("transform", `translate(14 ${y(0.5)}) rotate(-90)`);
  const line = shape("polyline", { class: "drawn" });
  const points = form.at.map((at, index) =>
    shape("circle", {
      r: 7,
      role: "slider",
      tabindex: index ? -1 : 0,
      "aria-orientation": "vertical",
      "aria-label": `${form.y.label} at ${form.x.label} ${at}`,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    }),
  );
  svg.append(upward, line, ...points);

  function draw() {
    line.setAttribute("points", places.map((place, index) => `${x(index / last)},${y(place)}`).join(" "));
    svg.classList.toggle("untouched", !drawn);
    points.forEach((point, index) => {
      point.setAttribute("cx", x(index / last));
      point.setAttribute("cy", y(places[index]));
      point.setAttribute("aria-valuenow", Math.round(100 * places[index]));
      point.setAttribute("aria-valuetext", String(value(form.y, places[index])));
    });
  }

  function move(index, place) {
    places[index] = Math.min(1, Math.max(0, place));
    drawn = true;
    draw();
  }

  function go(index) {
    const to = points[Math.min(last, Math.max(0, index))];
    for (const point of points) point.setAttribute("tabindex", point === to ? 0 : -1);
    to.focus();
  }

  points.forEach((point, index) => {
    point.addEventListener("keydown", (event) => {
      const here = places[index];
      const does = {
        ArrowUp: () => move(index, here + 0.02),
        ArrowDown: () => move(index, here - 0.02),
        PageUp: () => move(index, here + 0.1),
        PageDown: () => move(index, here - 0.1),
        Home: () => move(index, 0),
        End: () => move(index, 1),
        ArrowLeft: () => go(index - 1),
        ArrowRight: () => go(index + 1),
      }[event.key];
      if (!does || !enabled) return;
      event.preventDefault();
      does();
    });
  });

  // A stroke sets every point that it passes over, also where the mouse skips some.
  let from = null;
  function stroke(event) {
    const box = svg.getBoundingClientRect();
    const scale = size.width / box.width;
    const along = (((event.clientX - box.left) * scale - left) / width) * last;
    const up = 1 - ((event.clientY - box.top) * scale - top) / height;
    const [a, b] = [from ?? { along, up }, { along, up }].sort((one, other) => one.along - other.along);
    places.forEach((_, index) => {
      if (index > a.along && index < b.along) {
        move(index, a.up + ((b.up - a.up) * (index - a.along)) / (b.along - a.along));
      }
    });
    const nearest = Math.round(Math.min(last, Math.max(0, along)));
    if (Math.abs(along - nearest) < 0.3 || from === null) move(nearest, up);
    from = { along, up };
  }
  svg.addEventListener("pointerdown", (event) => {
    if (!enabled || event.button) return;
    svg.setPointerCapture(event.pointerId);
    from = null;
    stroke(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (from !== null) stroke(event);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (from = null));

  draw();
  return {
    root: make(
      "div",
      {},
      make(
        "p",
        { class: "course-guess-hint", id: `${id}-hint` },
        "Draw with the mouse, or go from point to point with ← and → and move one with ↑ and ↓.",
      ),
      svg,
    ),
    enable: (on) => {
      enabled = on;
    },
    get: () => (drawn ? { guess: [...places] } : { missing: "Not kept yet: draw the curve first." }),
    set(kept) {
      kept.guess.forEach((place, index) => (places[index] = place));
      drawn = true;
      draw();
    },
  };
}

/** The number at a place of an axis, with two digits. */
function value(axis, place) {
  const { low, high, scale } = axis;
  return Number((scale === "log" ? low * (high / low) ** place : low + (high - low) * place).toPrecision(2));
}

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function text(words, x, y, anchor) {
  const element = shape("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}

export default { render };
