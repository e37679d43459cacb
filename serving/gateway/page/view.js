// Pieces of the page. Text is only ever set as text: nothing that the shop calls an item becomes markup.
const money = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// Log-odds: below, a reason changes the chance by less than a tenth.
const WORTH_SAYING = 0.1;

export function tell(words) {
  document.getElementById("said").textContent = words;
}

export function card(item, { move, act }) {
  const piece = document.getElementById("card").content.firstElementChild.cloneNode(true);
  const set = (part, words) => (piece.querySelector(part).textContent = words);
  const path = item.category.split(" > ");
  piece.dataset.item = item.item_id;
  set(".tile", (path[1] || path[0] || "?").slice(0, 2));
  piece.style.setProperty("--hue", hue(path[1] || path[0]));
  set(".move", move);
  set(".title", item.title);
  set(".category", path.slice(0, 2).join(" › ").toLowerCase());
  price(piece.querySelector(".price"), item);
  piece.querySelector(".reasons").append(...(item.reasons || []).filter((each) => Math.abs(each.weight) >= WORTH_SAYING).map(reason));
  for (const [part, event, value] of [[".buy", "purchase"], [".look", "click"], [".never", "rating", 1]]) {
    const button = piece.querySelector(part);
    button.setAttribute("aria-label", `${button.textContent}: ${item.title}`);
    button.addEventListener("click", () => act(item, event, value, button));
  }
  return piece;
}

export function relatedItem(item, act) {
  const button = made("button", item.title);
  button.type = "button";
  button.setAttribute("aria-label", `Buy: ${item.title}`);
  button.append(made("span", item.price === null ? "" : money.format(item.price)));
  button.addEventListener("click", () => act(item, "purchase", undefined, button));
  const line = made("li");
  line.append(button);
  return line;
}

export function eventLine(event) {
  const line = made("li");
  const what = { view: "viewed", click: "looked at", cart: "put in the cart", purchase: "bought", rating: `rated ${event.value} of 5` };
  line.append(made("b", event.title), made("span", event.price === null ? "" : money.format(event.price)));
  line.append(made("small", `${what[event.event]} ${when(event.days_ago)}`));
  line.classList.toggle("fresh", event.days_ago < 1 / 24);
  return line;
}

function reason({ kind, name, weight }) {
  const speaksFor = weight > 0;
  const title = kind === "category" ? name.split(" > ").pop().toLowerCase() : name;
  const piece = made("li", `${speaksFor ? "for" : "against"}: ${title} ${speaksFor ? "+" : "−"}${Math.abs(weight).toFixed(2)}`);
  piece.classList.toggle("against", !speaksFor);
  return piece;
}

function price(place, item) {
  place.textContent = item.price === null ? "" : money.format(item.price);
  if (typeof item.probability === "number") place.append(made("small", `${(100 * item.probability).toFixed(1)} % likely`));
}

function when(days) {
  if (days < 1 / 24) return ago.format(-Math.round(days * 1440), "minute");
  return days < 1 ? ago.format(-Math.round(days * 24), "hour") : ago.format(-Math.round(days), "day");
}

function hue(words) {
  let sum = 0;
  for (const letter of words) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

function made(name, words = "") {
  const piece = document.createElement(name);
  piece.textContent = words;
  return piece;
}
