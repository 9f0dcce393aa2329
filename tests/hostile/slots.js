// What stands between the marks SLOT000000B and SLOT000000E of a page, as a reader sees it: the text of each slot, the
// elements that begin in it, and where its two marks hang in the tree. Of attributes that only hold a text, the name. Runs
// inside the page, by WebDriver.
const texts = /^(data-.*|aria-label|title|value|alt|placeholder|download)$/;
const found = [], text_of = new Map();
let slot = null;
const path = (node) => {
  const names = [];
  for (let at = node.parentElement; at; at = at.parentElement) names.push(at.localName);
  return names.join(' ');
};
const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (node.nodeType === Node.COMMENT_NODE) {
    if (slot) slot.elements.push('comment');
  } else if (node.nodeType === Node.ELEMENT_NODE) {
    if (!slot) continue;
    if (node.localName === 'br') { slot.text += '\n'; continue; }
    slot.elements.push([node.namespaceURI.slice(-5), node.localName, ...[...node.attributes].map((one) => texts.test(one.name) ? one.name : `${one.name}=${one.value}`).sort()].join(' '));
  } else {
    let rest = node.data;
    for (let mark; (mark = /SLOT(\d{6})([BE])/.exec(rest)); rest = rest.slice(mark.index + mark[0].length)) {
      if (slot) slot.text += rest.slice(0, mark.index);
      if (mark[2] === 'B') {
        slot = {number: Number(mark[1]), text: '', elements: [], begins: path(node), ends: ''};
      } else if (slot && slot.number === Number(mark[1])) {
        slot.ends = path(node);
        found.push(slot);
        slot = null;
      }
    }
    if (slot) slot.text += rest;
  }
}
return found;
