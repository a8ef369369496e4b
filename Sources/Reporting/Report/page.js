(() => {
  const all = s => [...document.querySelectorAll(s)];
  const claims = all(".claim"), cards = all(".card");
  const openTo = id => {
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", () => openTo(decodeURIComponent(location.hash.slice(1))));
  addEventListener("click", e => {
    const link = e.target.closest && e.target.closest('a[href^="#"]');
    const id = link && (link.getAttribute("href") || "").slice(1);
    if (id && location.hash === "#" + id) openTo(id);
  });
  const tools = document.getElementById("tools");
  let verdict = "", words = "";
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  const apply = () => {
    let shown = 0;
    for (const claim of claims) {
      const fits = (!verdict || claim.dataset.verdict === verdict && claim.dataset.group === "paper")
        && (!words || claim.textContent.toLowerCase().includes(words));
      claim.hidden = !fits;
      shown += fits;
    }
    const active = verdict || words;
    for (const card of cards) {
      const hit = !!card.querySelector(".claim:not([hidden])");
      card.hidden = !!active && !hit;
      const list = card.querySelector("details.claims");
      if (list && active) list.open = hit;
    }
    for (const b of buttons) b.setAttribute("aria-pressed", b.dataset.verdict === verdict);
    status.textContent = active ? shown + " of " + claims.length + " verdicts shown" : "";
  };
  const button = (text, kind) => {
    const b = document.createElement("button");
    b.type = "button"; b.textContent = text; b.dataset.verdict = kind;
    b.onclick = () => { verdict = verdict === kind ? "" : kind; apply();
      if (verdict) document.getElementById("figures").scrollIntoView(); };
    return b;
  };
  const buttons = [button("all", "")].concat(all(".counts [data-filter]").map(item => {
    const b = button("", item.dataset.filter);
    b.append(...item.childNodes); item.append(b);
    return b;
  }));
  const search = document.createElement("input");
  search.type = "search";
  const label = document.createElement("label");
  label.append("search the claims ", search);
  search.oninput = () => { words = search.value.trim().toLowerCase(); apply(); };
  tools.append(label, buttons[0], status);
  apply();
  const closed = [];
  addEventListener("beforeprint", () => {
    for (const d of all("details:not([open])")) { d.open = true; closed.push(d); }
  });
  addEventListener("afterprint", () => { while (closed.length) closed.pop().open = false; });
  openTo(decodeURIComponent(location.hash.slice(1)));
})();
