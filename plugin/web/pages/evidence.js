// Fills in the evidence page while it is open. Everything foreign arrives as texts inside ["tag", {attributes},
// [children]] and becomes text nodes; nothing here ever turns a string into markup.

const main = document.querySelector("main[data-state]");
const tags = new Set(["a", "button", "dd", "div", "dl", "dt", "form", "h1", "h2", "h3", "h4", "input", "label", "li", "p",
  "pre", "section", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"]);

function build(piece) {
  if (typeof piece === "string") return document.createTextNode(piece);
  const [tag, attributes, children] = piece;
  if (!tags.has(tag)) throw new Error("unexpected element");
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const child of children) node.append(build(child));
  return node;
}

class SignedOut extends Error {}

async function ask(address, headers = {}) {
  const response = await fetch(address, { headers, redirect: "manual", cache: "no-store", credentials: "same-origin" });
  if (response.type === "opaqueredirect") throw new SignedOut();
  return response;
}

async function piece_at(address) {
  const response = await ask(address);
  const type = response.headers.get("Content-Type") || "";
  if (!type.startsWith("application/json")) throw new Error("The server cannot answer just now. Please try again.");
  return build((await response.json()).node);
}

function notice(text, link) {
  document.querySelector(".notice")?.remove();
  if (!text) return;
  const line = build(["p", { class: "problem notice", role: "alert" }, [text + " "]]);
  if (link) line.append(build(["a", { href: link }, ["Sign in again"]]));
  main.append(line);
}

function tell(trouble) {
  if (trouble instanceof SignedOut) notice("You are signed out.", location.pathname);
  else notice(trouble.message || "The server cannot be reached.");
}

// Packets -----------------------------------------------------------------------------------------------------------

async function load_packets(holder, query = "") {
  holder.setAttribute("aria-busy", "true");
  try {
    const view = await piece_at(holder.dataset.src + query);
    holder.replaceChildren(view);
    holder.dataset.loaded = "yes";
    notice("");
  } catch (trouble) {
    tell(trouble);
  } finally {
    holder.removeAttribute("aria-busy");
  }
}

async function open_packet(holder, row, link) {
  const opened = row.nextElementSibling;
  if (opened?.classList.contains("opened")) {
    opened.remove();
    link.setAttribute("aria-expanded", "false");
    return;
  }
  try {
    const detail = await piece_at(`${holder.dataset.one}&n=${encodeURIComponent(link.dataset.packet)}`);
    if (row.nextElementSibling?.classList.contains("opened")) return;
    const cell = build(["td", { colspan: "4" }, []]);
    cell.append(detail);
    const line = build(["tr", { class: "opened" }, []]);
    line.append(cell);
    row.after(line);
    link.setAttribute("aria-expanded", "true");
    notice("");
  } catch (trouble) {
    tell(trouble);
  }
}

function filter_of(holder) {
  const text = holder.querySelector(".filter input[name=filter]")?.value.trim() || "";
  return text ? `&filter=${encodeURIComponent(text)}` : "";
}

function on_click(event) {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const holder = event.target.closest(".packets");
  if (!holder) return;
  const anchor = event.target.closest("a");
  const row = event.target.closest(".packet-list tbody tr");
  if (anchor?.dataset.from) {
    event.preventDefault();
    load_packets(holder, `${filter_of(holder)}&from=${encodeURIComponent(anchor.dataset.from)}`);
  } else if (row && !row.classList.contains("opened") && !String(getSelection())) {
    event.preventDefault();
    const link = row.querySelector("a[data-packet]");
    if (link) open_packet(holder, row, link);
  } else if (anchor && !holder.dataset.loaded && !holder.querySelector(".packet-view")) {
    event.preventDefault();
    load_packets(holder);
  }
}

// The state ---------------------------------------------------------------------------------------------------------

const pace = { first: 1500, slowest: 15000, after_trouble: 60000 };
let wait = pace.first;
let tag = "";
let timer = 0;
let settled = main?.dataset.settled === "yes";

function put(part) {
  const fresh = build(part);
  const old = document.getElementById(fresh.id);
  if (!old || old.dataset.version === fresh.dataset.version) return false;
  const shown = old.querySelector(".packets"), holder = fresh.querySelector(".packets");
  if (shown && holder) holder.replaceWith(shown);
  const band = old.querySelector(".band"), new_band = fresh.querySelector(".band");
  if (band && new_band) {
    // The live region stays the same element, so that a screen reader hears its new words.
    band.className = new_band.className;
    band.replaceChildren(...new_band.childNodes);
    new_band.replaceWith(band);
  }
  old.replaceWith(fresh);
  if (holder && !shown) load_packets(holder);
  return true;
}

async function poll() {
  clearTimeout(timer);
  try {
    const response = await ask(main.dataset.state, tag ? { "If-None-Match": tag } : {});
    if (response.status === 200) {
      tag = response.headers.get("ETag") || "";
      const state = await response.json();
      const changed = state.parts.map(put).some(Boolean);
      settled = state.settled;
      wait = changed ? pace.first : Math.min(wait * 1.3, pace.slowest);
    } else if (response.status === 304) {
      wait = Math.min(wait * 1.3, pace.slowest);
    } else {
      wait = Math.min(wait * 2, pace.after_trouble);
    }
  } catch (trouble) {
    wait = Math.min(wait * 2, pace.after_trouble);
    if (trouble instanceof SignedOut) return tell(trouble);
  }
  if (!settled) timer = setTimeout(poll, wait);
}

async function on_submit(event) {
  const form = event.target;
  if (form.matches(".filter")) {
    event.preventDefault();
    const holder = form.closest(".packets");
    load_packets(holder, filter_of(holder));
  } else if (form.matches(".fetch")) {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "Asked for";
    try {
      const sent = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)),
        redirect: "manual", credentials: "same-origin" });
      if (sent.type !== "opaqueredirect") throw new Error("The server refused. Please try again.");
      wait = pace.first;
      poll();
    } catch (trouble) {
      button.disabled = false;
      button.textContent = "Fetch now";
      tell(trouble);
    }
  }
}

if (main) {
  main.addEventListener("click", on_click);
  main.addEventListener("submit", on_submit);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !settled) {
      wait = pace.first;
      poll();
    }
  });
  if (!settled) timer = setTimeout(poll, wait);
}
