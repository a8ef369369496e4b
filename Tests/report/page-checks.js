// What a page must be, told as a list of faults. Runs in a frame around it: faults(document, width).
function faults(inner, width, limits) {
  const view = inner.defaultView;
  const found = [];
  const all = selector => [...inner.querySelectorAll(selector)];
  const style = e => view.getComputedStyle(e);
  const isShown = e => e.getClientRects().length > 0 && style(e).visibility !== "hidden";
  const name = e => (e.closest("[id]") || e).id + " " + e.tagName.toLowerCase() + "." +
    (e.getAttribute("class") || "") + " '" + e.textContent.trim().slice(0, 40) + "'";
  const report = (what, list) => {
    if (list.length) found.push(what + " (" + list.length + "): " + list.slice(0, 3).map(name).join("; "));
  };
  const root = inner.documentElement;
  if (root.scrollWidth > width) found.push("horizontal scroll: " + root.scrollWidth + " px");
  report("wider than the page", all("body *").filter(e => isShown(e)
    && e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll, pre, .skip, svg, thead")));
  report("items wider than their column", all("li").filter(e => isShown(e) && e.scrollWidth > e.clientWidth + 1));
  report("images without words", all("img").filter(e => !(e.getAttribute("alt") || "").trim()));
  report("drawings without words", all("svg").filter(e => {
    const words = (e.getAttribute("aria-labelledby") || "").split(" ")
      .map(id => inner.getElementById(id)).map(n => n ? n.textContent.trim() : "");
    return !words.length || words.some(w => !w);
  }));
  report("figures without data", all(".panels > svg").filter(e =>
    !e.querySelector('[id*="gnuplot_plot"] path, [id*="gnuplot_plot"] use, [id*="gnuplot_plot"] circle, [id*="gnuplot_plot"] polygon')));
  report("links to nowhere", all('a[href^="#"]').filter(e =>
    !inner.getElementById(decodeURIComponent(e.getAttribute("href").slice(1)))));
  const ids = all("[id]").map(e => e.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length) found.push("ids that are there twice: " + twice.slice(0, 3).join(", "));

  // WCAG 2: words have a contrast of 4.5 to what is behind them.
  const parse = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const luminance = c => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(style(e).backgroundColor);
      if (c.length === 3 || c[3] > .5) return c;
    }
    return [255, 255, 255];
  };
  const contrast = e => {
    const colour = parse(e.closest("svg") ? style(e).fill : style(e).color);
    if (colour.length < 3) return 21;
    const l = [luminance(colour), luminance(ground(e))].sort((a, b) => b - a);
    return (l[0] + .05) / (l[1] + .05);
  };
  const hasWords = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  report("words too pale", all("body *").filter(e => isShown(e) && hasWords(e)
    && !e.closest("script, style, title, desc, [aria-hidden]") && contrast(e) < 4.5));

  if (limits) {
    const height = root.scrollHeight;
    const figure = inner.querySelector("figure");
    const start = figure ? Math.round(figure.getBoundingClientRect().top + view.scrollY) : 0;
    if (height > 12000) found.push("higher than 12,000 px: " + height);
    if (start > 1500) found.push("the first figure begins at " + start + " px, after 1,500");
    found.measured = height + " px high, first figure at " + start;
  }
  return found;
}
