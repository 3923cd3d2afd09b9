// Draws views of one job or batch, each over the one before, and says which button was pressed.
// The kernel has put everything into words: nothing here counts, and nothing that arrives is read as HTML.

const NAMES = { start: "Start", pause: "Pause", resume: "Resume", cancel: "Cancel", retry_failed: "Retry failed" };
const SEGMENTS = ["completed", "failed", "running", "skipped"]; // in the order in which their shares arrive
const BUSY_MS = 1500; // so long a pressed button rests, unless something changes before
const FIRST_REPEAT_MS = 500;
const LAST_REPEAT_MS = 8_000;
const SHORTEST_SILENCE_MS = 5_000;
const LONGEST_SILENCE_MS = 60_000;

export default {
  initialize({ model }) {
    model.send({ op: "drawn" }); // the kernel counts the pages that it has
    // Who was there at the end lets the kernel forget the panel.
    model.on("change:lasting", () => model.send({ op: keep(model) === null ? "over" : "kept" }));
  },
  render({ model, el }) {
    const presses = makePresses(model);
    const panel = makePanel(presses.press);
    let frame = 0;
    const draw = () => {
      frame = 0;
      panel.draw(model.get("view"));
    };
    const drawSoon = () => (frame ||= requestAnimationFrame(draw)); // once a frame, however many arrive
    const lose = () => panel.root.classList.add("lost"); // its kernel was restarted; JupyterLab does not mark it itself
    model.on("change:view", drawSoon);
    model.on("comm_live_update", lose);
    el.append(panel.root);
    draw();
    // The page was opened after the end; to be put away while it is being shown is more than JupyterLab can do.
    if (model.get("lasting")?.id) setTimeout(() => keep(model) && model.send({ op: "kept" }));
    return () => {
      model.off("change:view", drawSoon);
      model.off("comm_live_update", lose);
      presses.end();
      cancelAnimationFrame(frame); // the panel's own timers end by themselves
    };
  },
};

// Puts what lasts in the panel's place in the notebook; returns in how many, or null where we cannot look into it.
// The kernel reaches an output only on the page that saw it come: after a reload JupyterLab no longer knows its id.
function keep(model) {
  const cells = model.widget_manager?.context?.model?.cells;
  if (!cells) return null;
  const { id, data } = model.get("lasting");
  let kept = 0;
  for (const { outputs } of cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) {
      if (outputs.get(at).data["application/vnd.jupyter.widget-view+json"]?.model_id !== id) continue;
      outputs.set(at, { output_type: "display_data", data, metadata: {} });
      kept++;
    }
  }
  return kept;
}

// Says what was pressed last until the kernel has heard it, which takes a press once: what is sent before the kernel has
// a thread for this page lies where the cell's own messages do, and waits for the cell to end.
function makePresses(model) {
  let last, timer;
  const hear = ({ heard }) => heard === last && clearTimeout(timer);
  const say = (said, wait) => {
    model.send(said);
    if (wait <= LAST_REPEAT_MS) timer = setTimeout(say, wait, said, 2 * wait);
  };
  model.on("msg:custom", hear);
  return {
    press(op) {
      clearTimeout(timer);
      last = Math.random().toString(36);
      say({ op, press: last }, FIRST_REPEAT_MS);
    },
    end() {
      clearTimeout(timer);
      model.off("msg:custom", hear);
    },
  };
}

function makePanel(press) {
  // JupyterLab styles `dl`, `ul` and headings inside outputs; `div` and `span` it leaves alone.
  const root = make("div", "aijobs-panel", null, { role: "group", tabindex: -1 });
  const head = make("div", "head", root);
  const [title, phase, models] = ["title", "phase", "models"].map((name) => make("span", name, head));
  const offer = makeButtons(make("div", "buttons", head), root, press);
  const measure = makeBar(make("div", "gauge", root));
  const facts = make("div", "facts", root);
  const tail = make("div", "tail", root, { hidden: "" });
  const [whose, text] = [make("div", "name", tail), make("div", "text", make("div", "window", tail))];
  const failures = make("details", "failures", root);
  const [failed, causes, more] = ["summary", "div", "div"].map((tag) => make(tag, "", failures));
  const foot = make("div", "foot", root);
  const [note, asOf] = [make("span", "note", foot), make("span", "as-of", foot)];
  const speak = makeSpeaker(make("div", "spoken", root, { role: "status" }));

  return {
    root,
    draw(view) {
      root.setAttribute("aria-label", view.title);
      root.dataset.phase = view.phase;
      root.classList.toggle("over", view.is_final);
      write(title, view.title);
      write(phase, view.phase);
      write(models, view.models);
      offer(view.commands);
      measure(view);
      drawRows(facts, view.facts, ["name", "value"]);
      view.facts.forEach(([, value], at) => facts.children[at].classList.toggle("wide", value.length > 13));
      tail.hidden &&= !view.tail; // it stays, so that nothing below it jumps
      write(whose, view.tail_label);
      write(text, view.tail);
      failures.hidden = !view.failures;
      write(failed, view.failures);
      drawRows(causes, view.causes.map((one) => [one.head, one.rows, one.message]), ["cause", "rows", "message"]);
      write(more, view.more_causes);
      write(note, view.note);
      write(asOf, view.as_of && `as of ${view.as_of}`);
      speak(view);
    },
  };
}

function makeBar(line) {
  const bar = make("div", "bar", line, { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 });
  const parts = SEGMENTS.map((name) => make("span", name, bar));
  const percent = make("span", "percent", line, { "aria-hidden": true }); // the bar says it
  return (view) => {
    parts.forEach((part, at) => {
      part.style.width = `${100 * view.shares[at]}%`;
      part.classList.toggle("some", view.shares[at] > 0); // one row of a million is seen, too
    });
    bar.setAttribute("aria-label", `Progress of ${view.title}`);
    bar.setAttribute("aria-valuenow", view.percent);
    bar.setAttribute("aria-valuetext", view.summary);
    write(percent, `${view.percent} %`);
  };
}

function makeButtons(row, root, press) {
  const made = {};
  let offered = "";
  const release = (button) => button.removeAttribute("aria-disabled");
  const makeOne = (command) => {
    const button = make("button", command, null, { type: "button" });
    write(button, NAMES[command] ?? command);
    button.addEventListener("click", () => {
      if (button.hasAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", true); // `disabled` would take the focus away
      setTimeout(release, BUSY_MS, button);
      press(command);
    });
    return button;
  };
  row.addEventListener("keydown", (event) => event.repeat && event.preventDefault()); // a key held down is one press

  return (commands) => {
    if (commands.join() === offered) return;
    offered = commands.join();
    const before = [...row.children];
    const wanted = commands.map((command) => (made[command] ??= makeOne(command)));
    const focused = before.indexOf(row.getRootNode().activeElement);
    before.filter((button) => !wanted.includes(button)).forEach((button) => button.remove());
    wanted.forEach((button, at) => row.children[at] === button || row.insertBefore(button, row.children[at]));
    wanted.forEach(release);
    // Whoever works by keyboard goes on where the button was, and not at the top of the page.
    if (focused >= 0 && !before[focused].isConnected) (wanted[Math.min(focused, wanted.length - 1)] ?? root).focus();
  };
}

// Speaks at once when the phase changes, and otherwise with silences that grow: progress is not to be talked to death.
function makeSpeaker(region) {
  let phase, silence, timer, latest;
  const speak = () => {
    timer = undefined;
    if (latest === region.textContent) return;
    region.textContent = latest;
    timer = setTimeout(speak, silence);
    silence = Math.min(2 * silence, LONGEST_SILENCE_MS);
  };
  return (view) => {
    latest = `${view.title}: ${view.summary}`; // which names every phase but that of what runs
    if (view.phase !== phase) {
      phase = view.phase;
      silence = SHORTEST_SILENCE_MS;
      clearTimeout(timer);
      timer = undefined;
    }
    if (timer === undefined) speak();
  };
}

function drawRows(parent, rows, names) {
  while (parent.childElementCount > rows.length) parent.lastElementChild.remove();
  while (parent.childElementCount < rows.length) {
    const row = make("div", "one", parent);
    names.forEach((name) => make("span", name, row));
  }
  rows.forEach((texts, at) => {
    parent.children[at].dataset.of = texts[0];
    texts.forEach((text, column) => write(parent.children[at].children[column], text));
  });
}

function make(tag, name, parent, attributes = {}) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  parent?.append(node);
  return node;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text; // what is selected stays selected
}
