// The domain API as the page asks it: with a short-lived token where an edge stands between, without one otherwise.
export class Gateway {
  #token;

  shoppers = () => this.#get("/storefront/shoppers");
  history = (user_id) => this.#get("/storefront/history", { user_id });
  recommend = (user_id, k) => this.#get("/recommend", { user_id, k, explain: true });
  search = (user_id, q, k) => this.#get("/search", { user_id, q, k });

  happened(user_id, item_id, event, value) {
    // Its own id, so that a repeated request counts once.
    const body = JSON.stringify({ user_id, item_id, event, value, event_id: crypto.randomUUID() });
    return this.#ask("/events", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  }

  #get(path, parameters = {}) {
    return this.#ask(`${path}?${new URLSearchParams(parameters)}`, {});
  }

  async #ask(path, options, again = true) {
    this.#token ??= (await (await fetch("/storefront/session")).json()).token;
    const headers = { ...options.headers };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    const answer = await fetch(path, { ...options, headers });
    if (answer.status === 401 && again) {
      this.#token = undefined;
      return this.#ask(path, options, false);
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail || `status ${answer.status}`);
    return said;
  }
}
